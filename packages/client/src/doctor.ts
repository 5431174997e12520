import { as } from './records.ts'
import type { Transport } from './transport.ts'

/** Whether anything stands still without a reason that holds. */
export interface Doctor {
  examine(): Promise<DoctorReport>
  /** The same, and has what a lost message left behind mended. */
  repair(): Promise<DoctorReport>
}

export interface DoctorReport {
  /** Nothing was found, or nothing of it is left. */
  readonly healthy: boolean
  /** Live executions and open waits that were looked at. */
  readonly executions: number
  readonly waits: number
  /** Live executions by their status. */
  readonly standing: Readonly<Record<string, number>>
  readonly findings: readonly DoctorFinding[]
  /** More was found than is told. */
  readonly truncated: boolean
  /** After a repair: how many findings a last look still had; null: nothing was mended. */
  readonly left: number | null
  readonly as_of: string
}

export interface DoctorFinding {
  readonly kind: string
  readonly execution_id: string | null
  readonly sentence: string
  /** What would mend it; null when telling somebody again does not. */
  readonly repair: string | null
  readonly repaired: boolean
}

export function createDoctor(transport: Transport): Doctor {
  return {
    examine: async () =>
      as<DoctorReport>(await transport.send({ method: 'GET', path: '/doctor', query: {} })),
    repair: async () =>
      as<DoctorReport>(
        await transport.send({
          method: 'POST',
          path: '/doctor/repair',
          body: {},
          repeat: 'freely',
        }),
      ),
  }
}
