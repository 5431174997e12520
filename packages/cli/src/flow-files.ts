import { readdir, stat } from 'node:fs/promises'
import { basename, extname, join, resolve } from 'node:path'
import { CliError } from './cli-error.ts'

const LANGUAGES: Readonly<Record<string, 'typescript' | 'python'>> = {
  '.ts': 'typescript',
  '.mts': 'typescript',
  '.js': 'typescript',
  '.mjs': 'typescript',
  '.py': 'python',
}

/** The language of a flow's file. Errors: CliError for an extension that is none. */
export function languageOfFlowFile(file: string): 'typescript' | 'python' {
  const language = LANGUAGES[extname(file)]
  if (language === undefined) {
    throw new CliError(`cannot tell the language of ${file}`, {
      way: `known extensions: ${Object.keys(LANGUAGES).join(' ')}`,
    })
  }
  return language
}

/** `flows/my-child.flow.ts` → `my-child`. */
export function nameOfFlowFile(file: string): string {
  return basename(file, extname(file)).replace(/\.flow$/, '')
}

/**
 * The files meant by what a person named: files as they are, folders with all flows below them.
 * Errors: CliError for what is not there, for an empty folder, and for two files of one name.
 */
export async function findFlowFiles(paths: readonly string[], cwd: string): Promise<string[]> {
  const files: string[] = []
  for (const path of paths) {
    const found = await stat(resolve(cwd, path)).catch(() => null)
    if (found === null) throw new CliError(`no such file or folder: ${path}`)
    if (found.isDirectory()) files.push(...(await flowsBelow(path, cwd)))
    else files.push(path)
  }
  refuseSameName(files)
  return files
}

async function flowsBelow(folder: string, cwd: string): Promise<string[]> {
  const entries = await readdir(resolve(cwd, folder), { withFileTypes: true, recursive: true })
  const files = entries
    .filter((entry) => entry.isFile() && isFlow(entry.name))
    .map((entry) => join(folder, entry.parentPath.slice(resolve(cwd, folder).length), entry.name))
    .filter((path) => !/(^|[\\/])(node_modules|\.[^\\/.]+)[\\/]/.test(path))
    .toSorted()
  if (files.length === 0)
    throw new CliError(`no flows in ${folder}`, {
      way: `looked for ${Object.keys(LANGUAGES).join(' ')}`,
    })
  return files
}

function isFlow(name: string): boolean {
  return (
    extname(name) in LANGUAGES && !/\.(test|spec|d)\.[a-z]+$/.test(name) && !name.startsWith('.')
  )
}

function refuseSameName(files: readonly string[]): void {
  const fileOf = new Map<string, string>()
  for (const file of files) {
    const name = nameOfFlowFile(file)
    const other = fileOf.get(name)
    if (other !== undefined)
      throw new CliError(`${other} and ${file} would both become the flow "${name}"`)
    fileOf.set(name, file)
  }
}
