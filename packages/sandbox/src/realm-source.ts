import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'

/** In the order in which they need each other. */
const REPLAY_FILES = [
  'value-limit',
  'mix',
  'child-id',
  'file-name',
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
  'output',
  'run',
  'promised',
  'arguments',
  'child-execution',
  'log',
  'save',
  'savepoint',
  'step',
  'start-child',
  'starter',
  'wrapped',
  'records',
  'split-url',
  'locks',
  'message',
  'files',
  'self-execution',
  'system',
  'environment',
  'harden',
  'result',
  'driver',
  'main',
]

/** What a realm of the debugger has besides. */
const DEBUG_REPLAY_FILES = ['debug', 'call-stack', 'stepper']
const DEBUG_REALM_FILES = ['shown', 'debug-stop', 'debug-run', 'debug-hooks', 'debug-main']

/**
 * The realm's code as one script whose value is `buildRealm`: the modules of `realm/` and what they
 * use of the replay package, types stripped, side by side in one function.
 */
export function realmSource(): string {
  return joined(REPLAY_FILES, REALM_FILES, 'buildRealm')
}

/** The same with the debugger's modules. Only its realms are made of it; all others know nothing of it. */
export function debugRealmSource(): string {
  debugSource ??= joined(
    [...REPLAY_FILES, ...DEBUG_REPLAY_FILES],
    [...REALM_FILES, ...DEBUG_REALM_FILES],
    'buildDebugRealm',
  )
  return debugSource
}

let debugSource: string | null = null

function joined(
  replayFiles: readonly string[],
  realmFiles: readonly string[],
  value: string,
): string {
  const replay = fileURLToPath(import.meta.resolve('@millrace/replay'))
  const parts = [
    ...replayFiles.map((name) => new URL(`${name}.ts`, `file://${replay}`)),
    ...realmFiles.map((name) => new URL(`realm/${name}.ts`, import.meta.url)),
  ].map((url) => asPart(readFileSync(url, 'utf8')))
  // The realm keeps what `harden` takes away from the global object.
  const kept = 'const { Date, Math, Intl } = globalThis;'
  return `(function () { 'use strict'; ${kept}\n${parts.join('\n')}\nreturn ${value} })()`
}

function asPart(source: string): string {
  return stripTypeScriptTypes(source, { mode: 'strip' })
    .replaceAll(/^import [^;]*? from '[^']+'$/gm, '')
    .replaceAll(/^export (?=async function|function|class|const)/gm, '')
}
