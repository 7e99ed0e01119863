import type { RouteRow } from './route-row.ts'
import { accessRoutes } from './routes/access.ts'
import { accountRoutes } from './routes/account.ts'
import { directoryRoutes } from './routes/directory.ts'
import { evidenceRoutes } from './routes/evidence.ts'
import { inventoryRoutes } from './routes/inventory.ts'
import { rotationRoutes } from './routes/rotation.ts'

export type RouteName =
  | keyof typeof accountRoutes
  | keyof typeof directoryRoutes
  | keyof typeof accessRoutes
  | keyof typeof inventoryRoutes
  | keyof typeof rotationRoutes
  | keyof typeof evidenceRoutes

/** Every route of the API. One that is not here cannot be registered. */
export const routeRows: Readonly<Record<RouteName, RouteRow>> = {
  ...accountRoutes,
  ...directoryRoutes,
  ...accessRoutes,
  ...inventoryRoutes,
  ...rotationRoutes,
  ...evidenceRoutes,
}
