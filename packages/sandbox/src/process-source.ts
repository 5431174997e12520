import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'

const FILES = [
  'drawn-place',
  'flow-syntax-error',
  'api-names',
  'module-shape',
  'compile-flow',
  'debug/scopes',
  'debug/text-inserts',
  'debug/instrument',
  'debug/compile-debug',
  'messages',
  'frames',
  'process/realm-host',
  'process/main',
]

/**
 * The program of a sandbox process as one text, which it gets on its command line: the process can
 * read no file but acorn's and the addon's.
 */
export function processSource(paths: { readonly acorn: string; readonly addon: string }): string {
  const parts = FILES.map((name) =>
    stripTypeScriptTypes(readFileSync(new URL(`${name}.ts`, import.meta.url), 'utf8'), {
      mode: 'strip',
    })
      .replaceAll(/^import [^;]*? from '[^']+'$/gm, '')
      .replaceAll(/^export (?=async function|function|class|const)/gm, '')
      .replaceAll(/^ *\/\/.*$|^ *\/\*\*[^]*?\*\/$/gm, '')
      .replaceAll(/[ \t]+$|\n(?=\n)/gm, ''),
  )
  return [
    "import { createRequire, stripTypeScriptTypes } from 'node:module'",
    `import { parse } from ${JSON.stringify(`file://${paths.acorn}`)}`,
    ...parts,
    `runProcess(createRequire('/')(${JSON.stringify(paths.addon)}).ivm.Isolate)`,
  ].join('\n')
}
