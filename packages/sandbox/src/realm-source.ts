import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'

/** In the order in which they need each other. */
const REPLAY_FILES = [
  'mix',
  'child-id',
  'fingerprint',
  'random',
  'describe-divergence',
  'answer-queue',
]
const REALM_FILES = [
  'limits',
  'call-site',
  'exceptions',
  'text',
  'run',
  'promised',
  'arguments',
  'child-execution',
  'log',
  'save',
  'step',
  'start-child',
  'locks',
  'self-execution',
  'system',
  'environment',
  'harden',
  'result',
  'driver',
  'main',
]

/**
 * The realm's code as one script whose value is `buildRealm`: the modules of `realm/` and what they
 * use of the replay package, types stripped, side by side in one function.
 */
export function realmSource(): string {
  const replay = fileURLToPath(import.meta.resolve('@millrace/replay'))
  const parts = [
    ...REPLAY_FILES.map((name) => new URL(`${name}.ts`, `file://${replay}`)),
    ...REALM_FILES.map((name) => new URL(`realm/${name}.ts`, import.meta.url)),
  ].map((url) => asPart(readFileSync(url, 'utf8')))
  // The realm keeps what `harden` takes away from the global object.
  const kept = 'const { Date, Math, Intl } = globalThis;'
  return `(function () { 'use strict'; ${kept}\n${parts.join('\n')}\nreturn buildRealm })()`
}

function asPart(source: string): string {
  return stripTypeScriptTypes(source, { mode: 'strip' })
    .replaceAll(/^import [^;]*? from '[^']+'$/gm, '')
    .replaceAll(/^export (?=async function|function|class|const)/gm, '')
}
