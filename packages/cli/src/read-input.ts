import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Json } from '@millrace/client'
import { CliError } from './cli-error.ts'
import type { Deps } from './deps.ts'

/** Reads a JSON value given as itself, as `@file`, or as `-` for standard input. */
export async function readJson(given: string, deps: Pick<Deps, 'io' | 'cwd'>): Promise<Json> {
  const { text, from } = await readText(given, deps)
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    throw new CliError(`${from} is not JSON: ${error instanceof Error ? error.message : ''}`, {
      way: 'strings need double quotes, in a shell: \'"text"\'; @name reads a file, - reads standard input',
    })
  }
}

async function readText(
  given: string,
  { io, cwd }: Pick<Deps, 'io' | 'cwd'>,
): Promise<{ text: string; from: string }> {
  if (given === '-') return { text: await io.readStdin(), from: 'standard input' }
  if (given.startsWith('@')) {
    const path = given.slice(1)
    return { text: await readSource(path, cwd), from: path }
  }
  return { text: given, from: 'the input' }
}

/** Reads a text file, or standard input when that is named `-`. */
export const readTextFile = (
  path: string,
  { io, cwd }: Pick<Deps, 'io' | 'cwd'>,
): Promise<string> => (path === '-' ? io.readStdin() : readSource(path, cwd))

/** Reads a text file that the person named. */
export async function readSource(path: string, cwd: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, path), 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    throw new CliError(
      code === 'ENOENT' ? `no such file: ${path}` : `cannot read ${path} (${code})`,
    )
  }
}
