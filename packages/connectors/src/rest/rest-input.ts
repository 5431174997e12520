import type { CommonInput } from '../connector-type.ts'
import type { Base64 } from '../values/binary.ts'
import type { TlsInput } from '../way-out/tls-options.ts'

/** The inputs of REST after the schema: defaults are filled in. Timeouts in seconds. */
export interface RestInput extends CommonInput {
  readonly authentication: RestAuthentication
  readonly scheme: 'https' | 'http'
  readonly host?: string
  readonly port?: number
  readonly base_path?: string
  readonly path?: string
  readonly url?: string
  readonly query: readonly NameValue[]
  readonly headers: readonly NameValue[]
  readonly cookies: Readonly<Record<string, string>>
  readonly mode: RestMode
  readonly expected_status_code: readonly number[]
  readonly allow_redirects: boolean
  readonly max_redirects: number
  readonly follow_body: boolean
  readonly read_timeout: number
  readonly parse: 'auto' | 'json' | 'text' | 'base64'
  readonly json_big_numbers: 'number' | 'string'
  readonly idempotency_key_header?: string
  readonly destination?: { readonly destination_file_name: string }
  readonly tls?: TlsInput
}

export interface NameValue {
  readonly name: string
  readonly value: string | number | boolean
}

export type RestAuthentication =
  | { readonly authentication_method: 'none' }
  | {
      readonly authentication_method: 'basic' | 'digest'
      readonly username: string
      readonly password: string
    }
  | { readonly authentication_method: 'bearer'; readonly token: string }
  | {
      readonly authentication_method: 'api_key'
      readonly in: 'header' | 'query'
      readonly name: string
      readonly value: string
    }
  | { readonly authentication_method: 'client_certificate' }
  | { readonly authentication_method: 'oauth2' | 'aws_sigv4' }

export interface RestMode {
  readonly mode_name: RestModeName
  readonly body?: RestBody
}

export const REST_MODE_NAMES = ['get', 'head', 'options', 'delete', 'post', 'put', 'patch'] as const
export type RestModeName = (typeof REST_MODE_NAMES)[number]

export type RestBody =
  | { readonly body_type: 'none' }
  | { readonly body_type: 'json'; readonly json: unknown }
  | { readonly body_type: 'text'; readonly text: string; readonly content_type?: string }
  | { readonly body_type: 'urlencoded'; readonly fields: readonly NameValue[] }
  | { readonly body_type: 'multipart'; readonly parts: readonly MultipartPart[] }
  | { readonly body_type: 'file'; readonly source_file_name: string }

export interface MultipartPart {
  readonly name: string
  readonly value?: string | number | boolean | Base64
  readonly source_file_name?: string
  readonly filename?: string
  readonly content_type?: string
}
