/** What the fuzz needs of an OpenAPI 3.1 document. */
export interface Operation {
  readonly id: string
  readonly method: string
  /** Below the server's URL; parameters in braces. */
  readonly path: string
  readonly tag: string
  readonly parameters: readonly Parameter[]
  readonly body: Schema | null
  readonly bodyType: BodyType
  readonly isBodyRequired: boolean
  /** Statuses that are named one by one, each with the media type of its body; null: it has none. */
  readonly statuses: ReadonlyMap<number, string | null>
  /** Whether it documents all other answers as one. */
  readonly hasDefault: boolean
}

/** The last one: any bytes of any type. */
const BODY_TYPES = ['application/json', 'application/yaml', '*/*'] as const
export type BodyType = (typeof BODY_TYPES)[number]

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly schema: Schema
}

/** The part of JSON Schema that the gateway's schemas are made of. */
export interface Schema {
  readonly type?: string | readonly string[]
  readonly format?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly items?: Schema
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentOperation>>>>
}

interface DocumentOperation {
  readonly operationId: string
  readonly tags?: readonly string[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: {
    readonly required?: boolean
    readonly content: Readonly<Record<string, { readonly schema: Schema }>>
  }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, unknown>> }>
  >
}

export async function readOperations(url: string): Promise<readonly Operation[]> {
  const response = await fetch(`${url}/api/openapi.json`)
  const document = (await response.json()) as Document
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Operation => {
      const answers = Object.entries(operation.responses)
      return {
        id: operation.operationId,
        method: method.toUpperCase(),
        path,
        tag: operation.tags?.[0] ?? '',
        parameters: operation.parameters ?? [],
        ...bodyOf(operation.requestBody?.content ?? {}),
        isBodyRequired: operation.requestBody?.required ?? false,
        statuses: new Map(
          answers
            .filter(([status]) => /^\d+$/.test(status))
            .map(([status, { content = {} }]): [number, string | null] => [
              Number(status),
              Object.keys(content)[0] ?? null,
            ]),
        ),
        hasDefault: 'default' in operation.responses,
      }
    }),
  )
}

function bodyOf(
  content: Readonly<Record<string, { readonly schema: Schema }>>,
): Pick<Operation, 'body' | 'bodyType'> {
  const bodyType = BODY_TYPES.find((type) => content[type] !== undefined) ?? 'application/json'
  return { body: content[bodyType]?.schema ?? null, bodyType }
}
