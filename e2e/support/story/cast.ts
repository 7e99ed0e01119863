import type { RouteName } from '@sallyport/gateway/http/routes'
import type { Stage } from '../stage.ts'
import type { FurnishedTenant } from '../furnished-tenant.ts'
import type { DocumentedApi, Request } from '../documented.ts'

export type Versioned = { readonly id: string; readonly version: number }
export type Page<T = Versioned> = { readonly items: readonly T[] }

/** Somebody who speaks to the documented API. */
export type Speaker = <T = Versioned>(name: RouteName, request?: Request) => Promise<T>

/** Who and what the walk over all routes has. */
export type Cast = {
  readonly stage: Stage
  readonly tenant: FurnishedTenant
  readonly host: { readonly server: { readonly port: number } }
  readonly anybody: Speaker
  readonly operator: Speaker
  readonly admin: Speaker
}

export const speaker =
  (api: DocumentedApi, token?: string): Speaker =>
  (name, request = {}) =>
    api.succeed(name, { token, ...request })

/** A request about one object. */
export const of = (object: Pick<Versioned, 'id'>, request: Request = {}): Request => ({
  params: { id: object.id },
  ...request,
})

/** A request that changes one object as it was read. */
export const as = ({ id, version }: Versioned, request: Request = {}): Request => ({
  params: { id },
  ifMatch: version,
  ...request,
})
