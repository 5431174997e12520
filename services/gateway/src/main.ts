import { runService } from '@millrace/runtime'
import { readConfig } from './config.ts'
import { createGateway } from './service.ts'

await runService({
  name: 'gateway',
  create: (signal, host) => createGateway(readConfig(), host, signal),
})
