import { killBackend, postgresUrl, terminateBackend } from '../faults/postgres.ts'
import type { ChaosRow } from '../row.ts'

const SERVICES = ['gateway', 'scheduler', 'lock-manager', 'engine', 'connector'] as const

/** Sessions end one a second; now and then one is killed, with which the server ends all of them. */
export const m12: ChaosRow = {
  id: 'M12',
  title: 'sessions of Postgres end at random',
  stack: {},
  takeover: false,
  faults: ['terminate backend', 'kill backend'],
  run: async (chaos) => {
    const { stack, rng } = chaos
    const url = postgresUrl(stack.home)
    const pids = (): string => SERVICES.flatMap((service) => stack.pidsOf(service)).join(' ')
    const before = pids()
    let round = 0
    do {
      round += 1
      if (round % 4 === 0) await chaos.fault('kill backend', {}, () => killBackend(url, rng))
      else await chaos.fault('terminate backend', {}, () => terminateBackend(url, rng))
    } while (await chaos.rest(1_000))
    if (pids() !== before)
      chaos.violation('I13', 'a service restarted, though only its sessions ended', {
        before,
        after: pids(),
      })
  },
}
