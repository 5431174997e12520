import { execFileSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { applyEdit, type PlantedBug } from './planted-bug.ts'

/** A copy of the sources in which bugs can be planted, one after the other. */
export interface SourceTree {
  readonly root: string
  plant(bug: PlantedBug): void
  /** Takes out what was planted. */
  restore(): void
}

/**
 * Copies what git knows, uncommitted changes included, with everything generated. Packages find each
 * other by links that are relative, so the copy's packages find the copy's; what comes from outside
 * is linked, not copied.
 */
export function copyTree(from: string, root: string): SourceTree {
  mkdirSync(root, { recursive: true })
  const listed = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], { cwd: from })
  const files = listed
    .toString()
    .split('\0')
    .filter((file) => file !== '' && existsSync(join(from, file)))
  const list = join(root, '.files')
  writeFileSync(list, files.join('\0'))
  execFileSync('bash', ['-c', `tar -c --null -T "$1" | tar -x -C "$2"`, 'bash', list, root], {
    cwd: from,
  })
  for (const folder of globSync(LINK_TREES, { cwd: from }).concat(GENERATED))
    copyFolder(join(from, folder), join(root, folder))
  for (const folder of ['node_modules', '.toolchain'])
    symlinkSync(join(from, folder), join(root, folder))

  const originals = new Map<string, string>()
  return {
    root,
    plant({ edits }) {
      for (const edit of edits) {
        const path = join(root, edit.file)
        const text = readFileSync(path, 'utf8')
        if (!originals.has(path)) originals.set(path, text)
        writeFileSync(path, applyEdit(text, edit))
      }
    },
    restore() {
      for (const [path, text] of originals) writeFileSync(path, text)
      originals.clear()
    },
  }
}

const LINK_TREES = ['packages', 'services', 'deploy']
  .map((folder) => `${folder}/*/node_modules`)
  .concat('test/node_modules')
const GENERATED = 'packages/wire/src/gen'

function copyFolder(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true })
  execFileSync('cp', ['-a', from, to])
}
