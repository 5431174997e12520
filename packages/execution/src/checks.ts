import { EXECUTION_TYPES, IDLE_STATUSES, STATUSES } from './status.ts'

/** What the pure model forbids, the database forbids too. */
export interface Check {
  readonly name: string
  readonly clause: string
}

/**
 * Which words a column may hold, as domains: Postgres reads a CHECK of the table anew in every
 * statement that writes to it, some 15 µs each where one ended execution is stored in 250;
 * that of a domain it reads once per session.
 */
export const EXECUTION_DOMAINS: readonly (Check & { readonly domain: string })[] = [
  domain('execution_type', EXECUTION_TYPES),
  domain('execution_status', STATUSES),
  domain('execution_beneath', IDLE_STATUSES),
]

/** CHECKs of the table `execution`, in the order in which it was made with them. Each reads one row only. */
export const EXECUTION_CHECKS: readonly Check[] = [
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

/** The lines of the migrations. */
export function checkLines(): readonly string[] {
  return [
    ...EXECUTION_DOMAINS.map(
      ({ domain: of, name, clause }) =>
        `CREATE DOMAIN ${of} AS text CONSTRAINT ${name} CHECK (${clause});`,
    ),
    ...EXECUTION_CHECKS.map(({ name, clause }) => `CONSTRAINT ${name} CHECK (${clause})`),
  ]
}

function domain(name: string, words: readonly string[]): Check & { readonly domain: string } {
  const list = words.map((word) => `'${word}'`).join(', ')
  return { domain: name, name: `${name}_known`, clause: `VALUE IN (${list})` }
}
