/** How Svelte compiles: runes only, styles always in files. */
export default { compilerOptions: { runes: true, css: 'external' } }
