import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { useStack } from '../stack/index.ts'
import { followPage } from './guide/follow-page.ts'
import { type Page, parsePage } from './guide/parse-page.ts'
import { startShell } from './guide/start-shell.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const GUIDE = join(ROOT, 'docs', 'guide')
/** What every page goes on from. */
const INDEX = 'README.md'

const read = (name: string): Page => parsePage(name, readFileSync(join(GUIDE, name), 'utf8'))
const names = readdirSync(GUIDE).filter((name) => name.endsWith('.md') && name !== INDEX)

/** All pages on one stack and in one workspace, as its readers do: each cares for its own records. */
describe('the guide', { concurrency: 2, timeout: 300_000 }, () => {
  const at = useStack()

  /** Follows pages in turn in one terminal, in what looks like a checkout with `make up` running. */
  async function follow(...pages: readonly Page[]): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-guide-'))
    const [checkout, scratch, temporary] = ['checkout', 'scratch', 'tmp'].map((name) =>
      join(folder, name),
    ) as [string, string, string]
    for (const path of [checkout, scratch, temporary]) mkdirSync(path)
    for (const name of ['bin', '.toolchain']) symlinkSync(join(ROOT, name), join(checkout, name))
    symlinkSync(at.stack.home, join(checkout, '.millrace'))
    // Nothing else of whoever runs the tests, least of all what begins with MILLRACE_.
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      TMPDIR: temporary,
      LC_ALL: 'C.UTF-8',
    }
    try {
      await using shell = startShell({ cwd: checkout, scratch, env })
      for (const page of pages) await followPage(page, shell)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  test(`${INDEX} gets a reader going`, () => follow(read(INDEX)))

  test('the index names every page', () => {
    const index = readFileSync(join(GUIDE, INDEX), 'utf8')
    const named = [...index.matchAll(/\]\((?<name>[\w-]+\.md)\)/g)].map(
      ({ groups }) => groups?.['name'],
    )
    assert.deepEqual(named.toSorted(), names.toSorted())
  })

  for (const name of names)
    test(`every command of ${name} does what the page says`, () => follow(read(INDEX), read(name)))
})
