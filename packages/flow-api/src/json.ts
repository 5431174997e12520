/** Any JSON value. Nested at most 64 levels deep, at most 32 MiB as text. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
