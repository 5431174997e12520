import { describe } from 'node:test'
import { useStack } from '../stack/index.ts'
import { children } from './flow-api/children.ts'
import { ends } from './flow-api/ends.ts'
import { language } from './flow-api/language.ts'
import { records } from './flow-api/records.ts'
import { waitFor } from './flow-api/wait-for.ts'

/** Every call of the flow API, on a whole stack. Connections have a file of their own. */
describe('the flow API', { concurrency: 4, timeout: 240_000 }, () => {
  const at = useStack(async ({ rig }) => {
    await rig.flow('double', 'return { twice: inputs.n * 2 }')
    await rig.flow('fails', 'throw new TypeError("no good")')
    await rig.flow('late', 'await self.sleep(inputs.seconds); return inputs.seconds')
    await rig.flow('cancels', 'self.cancel("not today")')
  })
  children(at)
  waitFor(at)
  ends(at)
  records(at)
  language(at)
})
