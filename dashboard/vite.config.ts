/** How the three pages are built: no inline script or style, hashed assets, and a .gz beside each file. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

const OUT = resolve(import.meta.dirname, '../hub/static')

/** Writes `x.gz` beside each text file worth it, so that the hub never compresses while an alarm waits. */
function precompressed(): Plugin {
  return {
    name: 'precompressed',
    apply: 'build',
    closeBundle() {
      for (const name of readdirSync(OUT, { recursive: true, encoding: 'utf8' })) {
        const file = join(OUT, name)
        if (/\.(js|css|html|svg)$/.test(name) && statSync(file).size > 1000) {
          writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }))
        }
      }
    },
  }
}

export default defineConfig({
  plugins: [svelte(), precompressed()],
  build: {
    outDir: OUT,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: ['chrome92', 'safari15'],
    rolldownOptions: { input: ['index.html', 'family.html', 'stage.html'] },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
})
