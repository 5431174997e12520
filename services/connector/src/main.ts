import { runService } from '@millrace/runtime'
import { readConfig } from './config.ts'
import { createConnector } from './service.ts'

await runService({
  name: 'connector',
  create: (_signal, host) => createConnector(readConfig(), host),
})
