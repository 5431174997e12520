import type { Edit } from './planted-bug.ts'

/** Edits that more than one planted bug is made of. */

export const queries = (aggregate: string): string => `packages/store/queries/${aggregate}.sql`

const GUARDED = 'WHERE e.workspace_id = d.workspace_id AND e.id = d.id AND e.version = d.version'
const UNGUARDED = 'WHERE e.workspace_id = d.workspace_id AND e.id = d.id'
const RETURNED = `
  RETURNING d.ordinal, e.workspace_id, e.id, e.version, e.generation, e.status, e.answered, e.watched,`

export const FENCE_OFF_IN_COMMIT: Edit = {
  file: queries('executions'),
  find: `${GUARDED}${RETURNED} e.orphan,`,
  replace: `${UNGUARDED}${RETURNED} e.orphan,`,
}

export const FENCE_OFF_IN_END: Edit = {
  file: queries('executions'),
  find: `${GUARDED}${RETURNED}\n`,
  replace: `${UNGUARDED}${RETURNED}\n`,
}

const savedAndLogged = (ending: string): string => `
), saved AS (
  INSERT INTO savepoint (workspace_id, execution_id, generation, first_seq, last_seq, entries)
  SELECT workspace_id, id, generation, first_seq, last_seq, entries::json FROM moved WHERE entries IS NOT NULL${ending}
), logged AS (
  INSERT INTO log (workspace_id, execution_id, generation, first_seq, lines)
  SELECT workspace_id, id, generation, log_seq, lines::json FROM moved WHERE lines IS NOT NULL${ending}
)`
const uniquenessOff = (before: string): Edit => ({
  file: queries('executions'),
  find: `${before}${savedAndLogged('')}`,
  replace: `${before}${savedAndLogged('\n  ON CONFLICT DO NOTHING')}`,
})

export const UNIQUENESS_OFF_IN_COMMIT = uniquenessOff('AS rows FROM moved')
export const UNIQUENESS_OFF_IN_END = uniquenessOff(
  '    e.parent_execution_id, d.first_seq, d.last_seq, d.log_seq, d.entries, d.lines',
)

/** Executions that are ready and that nobody was told of. */
export const SWEEP_OFF: Edit = {
  file: queries('sweep'),
  find: "WHERE m.status = 'WAITING_ENGINE' AND m.moved_at < clock()",
  replace: 'WHERE false AND m.moved_at < clock()',
}

/** Waits for what has ended meanwhile. */
export const DEPENDENCY_SWEEP_OFF: Edit = {
  file: queries('sweep'),
  find: "WHEN p.kind = 'DEPENDENCY' AND p.since",
  replace: 'WHEN false AND p.since',
}
