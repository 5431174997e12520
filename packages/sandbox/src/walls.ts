import { execFile } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { processSource } from './process-source.ts'

/** How a sandbox process is started, and what stands around it. */
export interface Walls {
  /** For the log: 'bubblewrap, node permissions' or 'node permissions'. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

const require = createRequire(import.meta.url)
const NODE_FLAGS = [
  '--no-node-snapshot',
  '--disable-warning=ExperimentalWarning',
  '--disable-warning=PERM0001',
  '--permission',
  '--allow-addons',
]
const PROBE_MS = 10_000

/**
 * Finds the walls of this machine. Bubblewrap is tried by starting a process behind it, since
 * containers and kernels may forbid what it needs.
 */
export async function findWalls(isolation: 'auto' | 'permissions', path: string): Promise<Walls> {
  const inner = permissionWalls()
  if (isolation === 'permissions') return inner
  const bwrap = path
    .split(delimiter)
    .map((folder) => join(folder, 'bwrap'))
    .find((file) => existsSync(file))
  if (bwrap === undefined) return inner
  const outer = bubblewrapWalls(bwrap)
  try {
    const [first = '', ...rest] = outer.args.slice(0, outer.args.indexOf('--') + 2)
    await promisify(execFile)(outer.command, [first, ...rest, '--version'], {
      env: {},
      timeout: PROBE_MS,
    })
    return outer
  } catch {
    return inner
  }
}

interface Paths {
  readonly node: string
  readonly acorn: string
  readonly addon: string
}

/** Where the three files are that a process needs. */
function realPaths(): Paths {
  const isolatedVm = realpathSync(dirname(require.resolve('isolated-vm/package.json')))
  const gyp = createRequire(join(isolatedVm, 'package.json'))('node-gyp-build') as {
    path(folder: string): string
  }
  return {
    node: process.execPath,
    acorn: realpathSync(join(dirname(require.resolve('acorn/package.json')), 'dist/acorn.mjs')),
    addon: realpathSync(gyp.path(isolatedVm)),
  }
}

function permissionWalls(): Walls {
  const paths = realPaths()
  return { name: 'node permissions', command: paths.node, args: nodeArgs(paths) }
}

function bubblewrapWalls(bwrap: string): Walls {
  const real = realPaths()
  const paths: Paths = {
    node: '/sandbox/node',
    acorn: '/sandbox/acorn.mjs',
    addon: '/sandbox/isolated-vm.node',
  }
  const libraries = ['/lib', '/lib64', '/usr/lib', '/usr/lib64'].filter((folder) =>
    existsSync(folder),
  )
  const args = [
    '--unshare-all',
    '--die-with-parent',
    '--new-session',
    '--clearenv',
    '--setenv',
    'TZ',
    'UTC',
    '--cap-drop',
    'ALL',
    '--uid',
    '65534',
    '--gid',
    '65534',
    ...libraries.flatMap((folder) => ['--ro-bind', folder, folder]),
    '--ro-bind',
    real.node,
    paths.node,
    '--ro-bind',
    real.acorn,
    paths.acorn,
    '--ro-bind',
    real.addon,
    paths.addon,
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--chdir',
    '/',
    '--',
    paths.node,
  ]
  return {
    name: 'bubblewrap, node permissions',
    command: bwrap,
    args: [...args, ...nodeArgs(paths)],
  }
}

function nodeArgs(paths: Paths): string[] {
  return [
    ...NODE_FLAGS,
    `--allow-fs-read=${paths.acorn}`,
    `--allow-fs-read=${paths.addon}`,
    '--input-type=module',
    '-e',
    processSource(paths),
  ]
}
