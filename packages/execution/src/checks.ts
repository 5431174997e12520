import { EXECUTION_TYPES, IDLE_STATUSES, STATUSES } from './status.ts'

/** A CHECK of the table `execution`: what the pure model forbids, the database forbids too. */
export interface Check {
  readonly name: string
  readonly clause: string
}

/** In the order in which the migration holds them. Each reads one row only, without a look-up. */
export const EXECUTION_CHECKS: readonly Check[] = [
  { name: 'execution_type_known', clause: `type IN (${list(EXECUTION_TYPES)})` },
  { name: 'execution_status_known', clause: `status IN (${list(STATUSES)})` },
  { name: 'execution_beneath_known', clause: `beneath IN (${list(IDLE_STATUSES)})` },
  { name: 'execution_beneath_while_paused', clause: `(beneath IS NOT NULL) = (status = 'PAUSED')` },
  {
    name: 'execution_ended_at_when_ended',
    clause: `(ended_at IS NOT NULL) = (status LIKE 'ENDED_%')`,
  },
  {
    name: 'execution_held_by_a_process',
    clause: `status <> 'AT_ENGINE' OR process_id IS NOT NULL`,
  },
]

/** The lines of the migration, each a table constraint. */
export function checkLines(): readonly string[] {
  return EXECUTION_CHECKS.map(({ name, clause }) => `CONSTRAINT ${name} CHECK (${clause})`)
}

function list(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ')
}
