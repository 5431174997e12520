import { faultLinks, POSTGRES_REQUEST } from '../faults/links.ts'
import type { ChaosRow } from '../row.ts'

/** What Postgres has done and nobody is told of: the same move must not be made twice. */
export const m13: ChaosRow = {
  id: 'M13',
  title: 'one in twenty answers of Postgres is lost after the work was done',
  stack: { proxied: true },
  takeover: false,
  faults: ['lose answers'],
  run: async (chaos) => {
    const links = faultLinks(chaos.links).all.filter(({ server }) => server === 'postgres')
    const lose = { kind: 'lose-answer', after: POSTGRES_REQUEST, chance: 0.05 } as const
    try {
      do
        await chaos.fault('lose answers', {}, async () => {
          for (const link of links) link.behave({ up: lose })
          await chaos.rest(5_000)
        })
      while (await chaos.rest(100))
    } finally {
      faultLinks(chaos.links).heal()
    }
    const lost = links.reduce((sum, { hits }) => sum + hits.answersLost, 0)
    chaos.note('answers lost', lost)
  },
}
