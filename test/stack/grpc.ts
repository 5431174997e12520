import { join } from 'node:path'
import {
  type Client,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { now } from '@millrace/runtime'

/** Clients made from the public .proto files, the way any other language would make them. */
export interface GrpcClients {
  readonly executions: GrpcService
  readonly messages: GrpcService
  readonly records: GrpcService
  close(): void
}

/** A service whose methods are called by their names in the .proto file. */
export interface GrpcService {
  readonly client: Client
  readonly metadata: Metadata
}

const PROTO = join(import.meta.dirname, '..', '..', 'proto')

export function connectGrpc(options: { url: string; apiKey: string | null }): GrpcClients {
  const definition = loadSync(
    ['execution', 'message', 'record'].map((name) => `millrace/v1/${name}_service.proto`),
    {
      includeDirs: [PROTO],
      keepCase: true,
      longs: String,
      enums: String,
      oneofs: true,
    },
  )
  const root = loadPackageDefinition(definition) as unknown as {
    millrace: {
      v1: Record<
        'ExecutionService' | 'MessageService' | 'RecordService',
        new (address: string, how: unknown) => Client
      >
    }
  }
  const address = options.url.replace(/^\w+:\/\//, '')
  const metadata = new Metadata()
  if (options.apiKey !== null) metadata.set('authorization', `Bearer ${options.apiKey}`)
  const { ExecutionService, MessageService, RecordService } = root.millrace.v1
  const executions = new ExecutionService(address, credentials.createInsecure())
  const messages = new MessageService(address, credentials.createInsecure())
  const records = new RecordService(address, credentials.createInsecure())
  return {
    executions: { client: executions, metadata },
    messages: { client: messages, metadata },
    records: { client: records, metadata },
    close: () => {
      executions.close()
      messages.close()
      records.close()
    },
  }
}

/** One unary call. Errors: grpc-js's ServiceError, with `code` and `details`. */
export function callGrpc<T = Record<string, unknown>>(
  service: GrpcService,
  method: string,
  request: unknown,
): Promise<T> {
  type Unary = (
    request: unknown,
    metadata: Metadata,
    options: { deadline: number },
    done: (error: ServiceError | null, response: T) => void,
  ) => void
  const call = (service.client as unknown as Record<string, Unary | undefined>)[method]
  if (call === undefined) throw new Error(`no method ${method}`)
  return new Promise((resolve, reject) => {
    call.call(
      service.client,
      request,
      service.metadata,
      { deadline: now() + 30_000 },
      (error, response) => {
        if (error === null) resolve(response)
        else reject(error)
      },
    )
  })
}
