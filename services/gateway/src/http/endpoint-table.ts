import type { Endpoint } from '../edge/endpoint.ts'
import type { RouteName } from './routes.ts'

/** The endpoints of some routes, by their names. */
export type Endpoints<Name extends RouteName> = Readonly<Record<Name, Endpoint>>
