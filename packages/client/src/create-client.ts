import { createApiKeys, type ApiKeys } from './api-keys.ts'
import { createAuth, type Auth } from './auth.ts'
import { createDoctor, type Doctor } from './doctor.ts'
import { createExecutionsApi, type Executions } from './executions.ts'
import { createFiles, type Files } from './files.ts'
import { createFlows, type Flows } from './flows.ts'
import { createMessages, type Messages } from './messages.ts'
import { nodePlatform, type Platform } from './platform.ts'
import { createRecords, createShownOnce, type Records, type ShownOnce } from './records.ts'
import type {
  Connector,
  NewConnector,
  NewProject,
  NewScheduler,
  NewWorkspace,
  NewWrapper,
  Project,
  Scheduler,
  Workspace,
  Wrapper,
} from './record-types.ts'
import { createSchedules, type Schedules } from './schedules.ts'
import { createSettings, type Settings } from './settings.ts'
import { createTransport } from './transport.ts'
import { createWebhooks, type Webhooks } from './webhooks.ts'

export interface ClientOptions {
  /** `http://localhost:8080`, without the path of the API. */
  readonly url: string
  /** An API key or a session's token; null for calls that need none. */
  readonly apiKey: string | null
  /** Instead of the built-in one. */
  readonly fetch?: typeof globalThis.fetch
  /** Time and chance, for tests. */
  readonly platform?: Partial<Platform>
}

/** Everything that the API offers, by resource. */
export interface Client {
  readonly url: string
  readonly executions: Executions
  readonly messages: Messages
  readonly flows: Flows
  readonly settings: Settings
  readonly connectors: Records<Connector, NewConnector>
  readonly webhooks: Webhooks
  readonly files: Files
  readonly projects: Records<Project, NewProject>
  readonly schedules: Schedules
  readonly schedulers: Records<Scheduler, NewScheduler>
  readonly wrappers: Records<Wrapper, NewWrapper>
  readonly workspaces: ShownOnce<Workspace, NewWorkspace>
  readonly apiKeys: ApiKeys
  readonly auth: Auth
  readonly doctor: Doctor
}

export function createClient(options: ClientOptions): Client {
  const platform = {
    ...nodePlatform,
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    ...options.platform,
  }
  const transport = createTransport({ url: options.url, apiKey: options.apiKey, platform })
  return {
    url: options.url,
    executions: createExecutionsApi(transport),
    messages: createMessages(transport),
    flows: createFlows(transport),
    settings: createSettings(transport),
    connectors: createRecords(transport, 'connector'),
    webhooks: createWebhooks(transport),
    files: createFiles(transport),
    projects: createRecords(transport, 'project'),
    schedules: createSchedules(transport),
    schedulers: createRecords(transport, 'scheduler'),
    wrappers: createRecords(transport, 'wrapper'),
    workspaces: createShownOnce(transport, 'workspace'),
    apiKeys: createApiKeys(transport),
    auth: createAuth(transport),
    doctor: createDoctor(transport),
  }
}
