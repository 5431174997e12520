import { runService } from '@millrace/runtime'
import { readConfig } from './config.ts'
import { createScheduler } from './service.ts'

await runService({
  name: 'scheduler',
  create: (_signal, host) => createScheduler(readConfig(), host),
})
