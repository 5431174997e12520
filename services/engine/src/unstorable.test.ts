import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { isEnded } from '@millrace/execution'
import { type ExecutionRow, readWaits } from '@millrace/store'
import { type EngineFixture, startEngineFixture } from './engine-fixture.ts'

// What Postgres takes in no column: each ends.
let engine: EngineFixture
before(async () => {
  engine = await startEngineFixture()
})
after(() => engine[Symbol.asyncDispose]())

const HALF = '\\uD83D'
const CHILD = `'export default () => 1', {}`

const thrown: Readonly<Record<string, readonly [code: string, message: RegExp]>> = {
  'a project that is no id': [
    `self.script(${CHILD}, { init: { project_id: 'marketing' } })`,
    /^InvalidInputError: init\.project_id must be the id of a project, not "marketing"/,
  ],
  'metadata with a NUL': [
    `self.script(${CHILD}, { init: { metadata: { a: '\\0' } } })`,
    /^InvalidInputError: init\.metadata must be text without a NUL/,
  ],
  'a description with half a surrogate pair': [
    `self.script(${CHILD}, { init: { description: '${HALF}' } })`,
    /^InvalidInputError: init\.description must be/,
  ],
  'a source with a NUL': [
    `self.script('// \\0\\nexport default () => 1')`,
    /^InvalidInputError: source must be/,
  ],
  'a connector type with a NUL': [
    `self.connect({ connector_type: 'HTTP\\0' })`,
    /^InvalidInputError: connector_type must be/,
  ],
  'a flow named with a NUL': [`self.flow('a\\0b')`, /^ResourceNotFoundError: there is no flow/],
  'a wrapper named with a NUL': [
    `self.script(${CHILD}, { wrappers: ['a\\0b'] })`,
    /^ResourceNotFoundError: there is no wrapper/,
  ],
  'a semaphore named with half a surrogate pair': [
    `system.semaphore('${HALF}', 1).acquire()`,
    /^InvalidInputError: the name of a semaphore must be/,
  ],
  'a setting that is read under a name with a NUL': [
    `system.setting('a\\0b').get()`,
    /^ResourceNotFoundError: there is no setting/,
  ],
  'a setting that is set under a name with a NUL': [
    `system.setting('a\\0b').set(1)`,
    /^InvalidInputError: the name of a setting must be/,
  ],
  'a flow that reminds, named with a NUL': [
    `self.message({ message: 'x', remind_after: 60, remind_flow: 'a\\0b' })`,
    /^InvalidInputError: self.message: remind_flow must be/,
  ],
}

for (const [name, [code, message]] of Object.entries(thrown))
  test(`${name} is an error that the code can catch`, async () => {
    const ended = await withNeighbour(
      `try { await ${code} } catch (error) { return \`\${error.name}: \${error.message}\` }`,
    )
    assert.match(JSON.parse(ended.output ?? 'null') as string, message)
  })

test('a step whose label is cut through an emoji is shown with what can be shown of it', async () => {
  const ended = await withNeighbour(`return await self.step('mail ${HALF}', () => 1)`)
  assert.deepEqual([ended.output, ended.last_command], ['1', 'self.step mail \uFFFD'])
})

test('a key of the output may be any text', async () => {
  const ended = await withNeighbour(`self.setOutput({ 'a\\0': 1 })`)
  assert.deepEqual(ended.output, '{"a\\u0000":1}')
})

test('a message may be cut through an emoji to make its title', async () => {
  const id = await start(`await self.message({ message: 'x'.repeat(255) + '😀' })`)
  await engine.until(id, (row) => row.status === 'WAITING_RESPONSE')
  const [wait] = await readWaits(engine.db, {
    workspaceId: engine.workspaceId,
    executionId: id,
  })
  assert.equal(wait?.subject, `${'x'.repeat(255)}\uFFFD`)
})

test('a time before all others is past', async () => {
  const id = await start(
    `await self.script(${CHILD}, { wait: false, init: { scheduled_for: -8.64e15 } })
     await self.sleepUntil(-8.64e15)`,
  )
  const row = await engine.until(id, ({ status }) => status === 'SCHEDULED')
  const rows = await engine.db.query<{ scheduled_for: number }>(
    { name: 'probe', text: 'SELECT scheduled_for FROM execution WHERE top_execution_id = $1' },
    [row.id],
  )
  const year1 = Date.parse('0001-01-01T00:00:00Z')
  assert.deepEqual(
    rows.map(({ scheduled_for: time }) => time),
    [year1, year1],
  )
})

test('what Postgres refuses before there is anything to commit ends the execution too', async () => {
  const alter = (text: string) => engine.db.query({ name: '', text })
  await withNeighbour(`await system.setting('s').set(1)`)
  await alter('ALTER TABLE setting RENAME TO setting_table')
  await alter('CREATE VIEW setting AS SELECT * FROM setting_table WHERE 1 / (length(name) - 1) = 1')
  const ended = await withNeighbour(
    `await self.step('s', () => 1); await system.setting('s').get()`,
  )
  await alter('DROP VIEW setting')
  await alter('ALTER TABLE setting_table RENAME TO setting')
  assert.equal(ended.status, 'ENDED_ERROR')
  assert.match(ended.message ?? '', /^Postgres refuses .*: division by zero\./)
})

test('what Postgres refuses of a commit ends the execution, with its waits and what it holds', async () => {
  const run = (text: string) => engine.db.query({ name: '', text })
  await run(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE 'never' USING ERRCODE = '22000';
  END $$`)
  await run(`CREATE TRIGGER refuse BEFORE INSERT ON lock_request
    FOR EACH ROW WHEN (NEW.key = 'semaphore:bad') EXECUTE FUNCTION refuse()`)
  const ended = await withNeighbour(
    `self.sleep(50); self.save({ name: 'own' }); await system.semaphore('bad', 1).acquire()`,
  )
  await run('DROP TRIGGER refuse ON lock_request')
  assert.deepEqual([ended.status, ended.name, ended.output], ['ENDED_ERROR', null, 'null'])
  assert.match(ended.message ?? '', /^Postgres refuses what the code leaves behind: never\./)
  const key = { workspaceId: engine.workspaceId, executionId: ended.id }
  assert.deepEqual(await readWaits(engine.db, key), [])
})

/** Runs code beside code that wants nothing, and resolves with how it ended. */
async function withNeighbour(code: string): Promise<ExecutionRow> {
  const neighbour = await start('return 2')
  const ended = await engine.until(await start(code), (row) => isEnded(row.status))
  assert.equal((await engine.until(neighbour, (row) => isEnded(row.status))).output, '2')
  return ended
}

const start = (code: string): Promise<string> =>
  engine.start(`export default async (system, self) => { ${code} }`)
