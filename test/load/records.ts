import { figure, type Figure, type Scenario } from '../bench/scenario.ts'
import { closedLoop } from './measure.ts'
import { startTarget, type Target } from './target.ts'

const ROWS = Number(process.env['LOAD_RECORDS'] ?? 5_000_000)
const CHUNK = 100_000
/** So many of them have something that the others have not. */
const RARE = 50

export const records: Scenario = {
  id: 'records',
  title: `lists and counts over ${ROWS.toLocaleString('en')} ended executions`,
  how: 'As many ended executions of one flow over the last 25 days, every hundred-thousandth with a project, a tag, a name, a creator, a type, children and a place in the trash of its own. Each documented filter is asked by 4 callers for a page of 50 with its total, 200 times.',
  async run() {
    await using target = await startTarget()
    await target.flow('empty', 'return inputs.key')
    await target.run('empty', { key: 0 })
    for (let done = 0; done < ROWS; done += CHUNK) await target.sql(FILL, [CHUNK, done, ROWS])
    const step = Math.max(1, Math.floor(ROWS / RARE))
    for (const text of MAKE_RARE) await target.sql(text, [step])
    for (const table of ['execution', 'execution_tag', 'execution_aside'])
      await target.sql(`VACUUM (ANALYZE) ${table}`)
    await target.sql('CHECKPOINT')
    const figures: Figure[] = []
    for (const [what, path] of await paths(target)) {
      const { p50Ms, p99Ms } = await closedLoop({ total: 200, inFlight: 4 }, async () => {
        const reply = await target.ask('GET', path)
        if (reply.status !== 200) throw new Error(`${what}: ${reply.status} ${reply.text}`)
      })
      const { items, total } = JSON.parse((await target.ask('GET', path)).text) as Page
      console.log(`${what}: ${items.length} of ${total}, ${p50Ms.toFixed(1)} ms`)
      if (items.length === 0) throw new Error(`${what} finds nothing`)
      figures.push(
        figure(`${what}: p50`, p50Ms, 'ms'),
        // Counting to 100,000 is what takes the time where nearly all match.
        figure(`${what}: p99`, p99Ms, 'ms', { atMost: (total ?? 0) > 10_000 ? 1_000 : 250 }),
      )
    }
    return figures
  },
}

interface Page {
  readonly items: readonly object[]
  readonly total?: number
  readonly next_cursor: string | null
}

async function paths(target: Target): Promise<(readonly [what: string, path: string])[]> {
  const [known] = await target.sql<Record<string, string>>(KNOWN)
  const eq = (field: string, value: unknown) => ({ field, op: 'eq', value })
  const list = (filter: object | null, more = ''): string =>
    `execution?limit=50&count=true${filter === null ? '' : `&filter=${encodeURIComponent(JSON.stringify(filter))}`}${more}`
  const middle = new Date(Date.now() - 12 * 86_400_000).toISOString()
  const older = list({ field: 'created_at', op: 'le', value: middle })
  const first = JSON.parse((await target.ask('GET', older)).text) as Page
  return [
    ['all', list(null)],
    ['oldest first', list(null, '&order=created_at')],
    ['the middle', older],
    ['the middle, next page', `${older}&cursor=${first.next_cursor}`],
    ['flow_id', list(eq('flow_id', known?.['flow_id']))],
    ['flow_name', list(eq('flow_name', 'empty'))],
    ['project_id', list(eq('project_id', known?.['project_id']))],
    ['parent_execution_id', list(eq('parent_execution_id', known?.['parent_execution_id']))],
    ['top_execution_id', list(eq('top_execution_id', known?.['parent_execution_id']))],
    ['type', list(eq('type', 'SCRIPT'))],
    ['tag', list(eq('tag', 'rare'))],
    ['name', list(eq('name', 'rare'))],
    ['name, by its beginning', list({ field: 'name', op: 'like', value: 'rar%' })],
    ['created_by', list(eq('created_by', known?.['rare_user']))],
    ['is_hidden', list(eq('is_hidden', true))],
    ['is_deleted', list(null, '&trashed=true')],
    [
      'several together',
      list({ and: [eq('type', 'FLOW'), eq('tag', 'rare'), eq('created_by', known?.['user'])] }),
    ],
  ]
}

const KNOWN = `
SELECT (SELECT id FROM flow LIMIT 1) AS flow_id,
  (SELECT project_id FROM execution WHERE project_id IS NOT NULL LIMIT 1) AS project_id,
  (SELECT parent_execution_id FROM execution WHERE parent_execution_id IS NOT NULL LIMIT 1) AS parent_execution_id,
  (SELECT created_by FROM execution WHERE name = 'rare' LIMIT 1) AS "user",
  (SELECT created_by FROM execution WHERE message = 'another user' LIMIT 1) AS rare_user`

/** As an engine leaves them, spread over 25 days; ids carry their time. */
const FILL = `
INSERT INTO execution (workspace_id, id, type, status, version, watched, flow_id, script_hash,
  top_execution_id, created_by, name, input, output, created_at, started_at, moved_at, ended_at, traceparent)
SELECT m.workspace_id, n.id, m.type, m.status, m.version, m.watched, m.flow_id, m.script_hash,
  n.id, m.created_by, m.name, json_build_object('key', n.i), to_json(n.i), n.at, n.at, n.at, n.at, m.traceparent
FROM (SELECT * FROM execution WHERE status = 'ENDED_SUCCESS' ORDER BY id DESC LIMIT 1) m
CROSS JOIN LATERAL (
  SELECT i, at, uuidv7(at - clock()) AS id
  FROM generate_series($2::integer, $2::integer + $1::integer - 1) i
  CROSS JOIN LATERAL (SELECT clock() - interval '25 days' * (1 - i::float8 / $3::integer) AS at) t
) n`

const rare = (offset: number): string => `(output #>> '{}')::integer % $1::integer = ${offset}`

const MAKE_RARE = [
  `UPDATE execution SET project_id = (SELECT uuidv7()) WHERE ${rare(1)}`,
  `UPDATE execution SET type = 'SCRIPT' WHERE ${rare(2)}`,
  `UPDATE execution SET name = 'rare' WHERE ${rare(3)}`,
  `UPDATE execution SET created_by = (SELECT uuidv7()), message = 'another user' WHERE ${rare(4)}`,
  `WITH top AS (SELECT id FROM execution WHERE ${rare(5)} ORDER BY id LIMIT 1)
   UPDATE execution e SET parent_execution_id = top.id, top_execution_id = top.id FROM top WHERE ${rare(6)}`,
  `INSERT INTO execution_tag (workspace_id, tag, execution_id) SELECT workspace_id, 'rare', id FROM execution WHERE ${rare(7)}`,
  `INSERT INTO execution_aside (workspace_id, execution_id, is_hidden) SELECT workspace_id, id, true FROM execution WHERE ${rare(8)}`,
  `INSERT INTO execution_aside (workspace_id, execution_id, deleted_at) SELECT workspace_id, id, clock() FROM execution WHERE ${rare(9)}`,
]
