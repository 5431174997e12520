import { globSync, readFileSync } from 'node:fs'

/** Licences whose packages may be shipped with ours. Anything else is a decision, not a default. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'MPL-2.0',
  'PostgreSQL',
  'Python-2.0',
  'Unlicense',
])

/** Packages whose manifest does not say it in SPDX, and where their licence text was read. */
const READ_BY_HAND: Readonly<Record<string, string>> = {}

interface Manifest {
  readonly name?: string
  readonly version?: string
  readonly license?: string | { readonly type?: string }
  readonly licenses?: readonly { readonly type?: string }[]
}

/** Every package that pnpm installed, tools included. */
export function findLicenceProblems(): readonly string[] {
  const manifests = globSync([
    'node_modules/.pnpm/*/node_modules/*/package.json',
    'node_modules/.pnpm/*/node_modules/@*/*/package.json',
  ])
  if (manifests.length === 0) return ['nothing is installed: run make']
  const problems = new Set<string>()
  for (const path of manifests) {
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest
    const licence = licenceOf(manifest)
    if (manifest.name !== undefined && !isAllowed(licence))
      problems.add(`${manifest.name}@${manifest.version}: ${licence || 'no licence named'}`)
  }
  return [...problems].toSorted()
}

function licenceOf(manifest: Manifest): string {
  const byHand = READ_BY_HAND[manifest.name ?? '']
  if (byHand !== undefined) return byHand
  if (typeof manifest.license === 'string') return manifest.license
  return (
    manifest.license?.type ?? manifest.licenses?.map((one) => one.type ?? '').join(' OR ') ?? ''
  )
}

/** An SPDX expression: one of the alternatives, and all of its parts, must be allowed. */
function isAllowed(expression: string): boolean {
  return expression
    .replaceAll(/[()]/g, '')
    .split(/\s+OR\s+/)
    .some((alternative) => alternative.split(/\s+AND\s+/).every((part) => ALLOWED.has(part.trim())))
}
