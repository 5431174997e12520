import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { it } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** isolated-vm needs a Node without its snapshot, so every run is a process of its own. */
async function simulate(file: string, env: Record<string, string>): Promise<string> {
  const script = `${import.meta.dirname}/${file}.ts`
  const flags = ['--no-node-snapshot', '--disable-warning=ExperimentalWarning']
  const options = { env: { ...process.env, ...env }, maxBuffer: 64 * 1_024 * 1_024 }
  return (await run(process.execPath, [...flags, script], options)).stdout
}

it('breaks no invariant in a few histories', async () => {
  const said = await simulate('main', { HISTORIES: '10', WORKERS: '1', COMMIT: 'test' })
  assert.match(said, /^10 histories .* 0 broken$/m)
})

it('runs the same seed in the same way, alone and after others', async () => {
  const [once, again] = await Promise.all([
    simulate('main', { SEED: '7', COMMIT: 'test' }),
    simulate('main', { SEED: '7', AFTER: '5', COMMIT: 'test' }),
  ])
  assert.ok(once.length > 5_000)
  assert.equal(once, again)
})

// An eager start came twice, and the second took the place of what was suspended since.
it('breaks nothing in what once found something', async () => {
  const env = { FROM: '5096', HISTORIES: '1', WORKERS: '1', COMMIT: 'test' }
  assert.match(await simulate('main', env), /histories .* 0 broken$/m)
})

it('finds planted bugs; make sim plants all of them', async () => {
  const said = await simulate('gate', { PLANTS: '7' })
  const found = said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { plant: string; seed: number | null })
  assert.deepEqual(
    found.filter(({ seed }) => seed === null),
    [],
  )
  assert.equal(found.length, 7)
})
