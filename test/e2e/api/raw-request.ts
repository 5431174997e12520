import type { StackInUse } from '../../stack/index.ts'

/** An id that nothing has. */
export const UNKNOWN_ID = '01890a5d-ac96-774b-bcce-b302099a8057'

export interface RawAnswer {
  readonly status: number
  /** Its content type. */
  readonly type: string
  readonly text: string
  /** Parsed, or null when empty. */
  readonly body: Record<string, unknown> | null
}

/** A request as it is, without the client's help; with the admin's key unless told otherwise. */
export async function raw(
  { stack }: StackInUse,
  path: string,
  init: RequestInit = {},
): Promise<RawAnswer> {
  const headers = {
    authorization: `Bearer ${stack.credentials.api_key}`,
    'content-type': 'application/json',
    ...init.headers,
  }
  const response = await fetch(`${stack.url}/api/latest${path}`, { ...init, headers })
  const text = await response.text()
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    text,
    body: text === '' ? null : (JSON.parse(text) as Record<string, unknown>),
  }
}

/** `body`: JSON text, or a value to be made such. */
export function post(
  at: StackInUse,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<RawAnswer> {
  return raw(at, path, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers,
  })
}
