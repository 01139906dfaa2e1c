/** How much the family's page costs a cheap phone: gzipped JavaScript and CSS, at most 60 kB. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { gzipSync } from 'node:zlib'

const LIMIT_BYTES = 60_000
const OUT = resolve(import.meta.dirname, '../../hub/static')

const html = readFileSync(resolve(OUT, 'family.html'), 'utf8')
const files = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map(([, name]) => name)
let total = 0
for (const name of files) {
  const bytes = gzipSync(readFileSync(resolve(OUT, name)), { level: 9 }).length
  total += bytes
  console.log(`${String(bytes).padStart(7)}  ${name}`)
}
console.log(`${String(total).padStart(7)}  the family's page, gzipped; the limit is ${LIMIT_BYTES}`)
if (files.length === 0 || total > LIMIT_BYTES) process.exit(1)
