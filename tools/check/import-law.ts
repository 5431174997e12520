import { globSync, readFileSync } from 'node:fs'
import { isTest, type ProductFile } from './product-files.ts'

/**
 * Arrows point down only (docs/adr/0001-layout-and-import-law.md). Each package of ours, and which
 * others of ours it may name in its manifest and import. Tests may also import testkit.
 */
const PURE = ['execution', 'lock', 'replay'] as const
const TIER2 = ['store', 'wire', 'sandbox', 'connectors'] as const
/** What records mean, without storing them: libraries and node: only, time and chance as arguments. */
const MEANING = ['form', 'json-schema', 'record-yaml', 'schedule', 'webhook'] as const
const BELOW_SERVICES = ['bus', ...TIER2, ...MEANING, 'runtime', ...PURE, 'flow-api'] as const

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  execution: [],
  lock: [],
  replay: [],
  'flow-api': [],
  form: [],
  'json-schema': [],
  'record-yaml': [],
  schedule: [],
  webhook: [],
  runtime: PURE,
  store: ['runtime', ...PURE],
  wire: ['runtime', ...PURE],
  sandbox: ['runtime', 'flow-api', ...PURE],
  connectors: ['runtime', ...PURE],
  bus: [...TIER2, 'runtime', ...PURE],
  gateway: BELOW_SERVICES,
  scheduler: BELOW_SERVICES,
  'lock-manager': BELOW_SERVICES,
  engine: BELOW_SERVICES,
  connector: BELOW_SERVICES,
  client: ['flow-api'],
  cli: ['client', 'flow-api'],
  'local-postgres': [],
  local: ['local-postgres', 'runtime', 'store'],
  testkit: ['local-postgres', ...BELOW_SERVICES],
}

/** Folders whose code answers only to the rules for tests. */
const OUTSIDE = /^(?:test|tools)\//
/** Pure packages import nothing at all, not even node:. Reason: they run anywhere, and replay exactly. */
const PURE_NAMES: ReadonlySet<string> = new Set([...PURE, 'flow-api'])

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
}

export function findImportLawProblems(files: readonly ProductFile[]): readonly string[] {
  return [...findInManifests(), ...files.flatMap(findInFile)]
}

/** pnpm's strict layout makes the manifest the boundary: what it does not name cannot be imported. */
function findInManifests(): string[] {
  return globSync([
    'packages/*/package.json',
    'services/*/package.json',
    'deploy/local/package.json',
  ]).flatMap((path) => {
    const owner = ownerOf(path)
    const allowed = MAY_IMPORT[owner]
    if (allowed === undefined)
      return [`${path}: ${owner} has no place in tools/check/import-law.ts`]
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest
    const names = Object.keys(manifest.dependencies ?? {})
    const foreign = names.filter((name) => !name.startsWith(OURS))
    const problems = names
      .filter((name) => name.startsWith(OURS) && !allowed.includes(name.slice(OURS.length)))
      .map((name) => `${path}: ${owner} may not depend on ${name}`)
    if (PURE_NAMES.has(owner) && foreign.length > 0)
      problems.push(`${path}: ${owner} is pure and depends on ${foreign.join(', ')}`)
    return problems
  })
}

function findInFile({ path, text }: ProductFile): string[] {
  const owner = ownerOf(path)
  const problems: string[] = []
  for (const specifier of specifiersOf(text)) {
    const why = verdict(path, owner, specifier)
    if (why !== null) problems.push(`${path}: imports ${specifier}: ${why}`)
  }
  return problems
}

function verdict(path: string, owner: string, specifier: string): string | null {
  if (specifier.includes('/gen/') && owner !== 'wire') return 'only wire imports its generated code'
  if (specifier.startsWith('.'))
    return leavesItsFolder(path, specifier) ? 'a relative path into another package' : null
  if (specifier.startsWith(OURS)) {
    const name = specifier.slice(OURS.length).split('/')[0] ?? ''
    if (name === owner) return null
    if (name === 'testkit') return isTest(path) ? null : 'testkit is for tests'
    if (OUTSIDE.test(path) || isTest(path)) return null
    return MAY_IMPORT[owner]?.includes(name) === true ? null : `${owner} stands below or beside it`
  }
  if (PURE_NAMES.has(owner) && path.includes('/src/') && !isTest(path))
    return `${owner} is pure and imports nothing`
  return null
}

function leavesItsFolder(path: string, specifier: string): boolean {
  if (OUTSIDE.test(path)) return false
  const root = path.split('/').slice(0, 2).join('/')
  return !new URL(specifier, `file:///${path}`).pathname.startsWith(`/${root}/`)
}

const OURS = '@millrace/'
const ownerOf = (path: string): string => path.split('/')[1] ?? ''

/** Static and dynamic imports and re-exports, as prettier lays them out. */
const SPECIFIERS = [
  /^(?:import|export)\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\}|\w+(?:\s*,\s*\{[^}]*\})?)\s+from\s+['"]([^'"]+)['"]/gm,
  /^import\s+['"]([^'"]+)['"]/gm,
  /\bimport\(\s*['"]([^'"]+)['"]/g,
]

function specifiersOf(text: string): string[] {
  return SPECIFIERS.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''))
}
