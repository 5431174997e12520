import { describe } from 'node:test'
import { useStack } from '../stack/index.ts'
import { clientCalls } from './api/client-calls.ts'
import { commandLine } from './api/command-line.ts'
import { credentials } from './api/credentials.ts'
import { grpcCalls } from './api/grpc.ts'
import { refusals } from './api/refusals.ts'
import { requests } from './api/requests.ts'

describe('the API', { concurrency: 4, timeout: 180_000 }, () => {
  const at = useStack(async ({ rig }) => {
    await rig.flow('hello', `self.log('hello', inputs.name); return { hello: inputs.name ?? null }`)
    await rig.flow('fails', `self.error('no luck')`)
    await rig.flow('cancels', `self.cancel('not today')`)
    await rig.flow('sleeper', 'await self.sleep(3600)')
  })
  refusals(at)
  credentials(at)
  requests(at)
  grpcCalls(at)
  commandLine(at)
  clientCalls(at)
})
