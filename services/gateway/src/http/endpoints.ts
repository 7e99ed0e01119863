import type { Upstreams } from '../clients/upstreams.ts'
import { accessGroupEndpoints } from './access-groups.ts'
import { accountEndpoints } from './account.ts'
import { auditEndpoints } from './audit.ts'
import { auditDestinationEndpoints } from './audit-destinations.ts'
import { credentialEndpoints } from './credentials.ts'
import { custodyEndpoints } from './custodies.ts'
import { deviceEndpoints } from './devices.ts'
import type { Endpoints } from './endpoint-table.ts'
import { grantEndpoints } from './grants.ts'
import { keyRotationEndpoints } from './key-rotations.ts'
import { loginEndpoints } from './login.ts'
import { loginSessionEndpoints } from './login-sessions.ts'
import { operationEndpoints } from './operations.ts'
import { recordingEndpoints } from './recordings.ts'
import { requestEndpoints } from './requests.ts'
import { revealEndpoints } from './reveal.ts'
import { roleEndpoints } from './roles.ts'
import { rotationPolicyEndpoints } from './rotation-policies.ts'
import type { RouteName } from './routes.ts'
import { sessionEndpoints } from './sessions.ts'
import { strengthProfileEndpoints } from './strength-profiles.ts'
import { templateEndpoints } from './templates.ts'
import { tenantEndpoints } from './tenants.ts'
import { userGroupEndpoints } from './user-groups.ts'
import { userEndpoints } from './users.ts'

/** Every endpoint. The type makes sure that each row of the route table has one. */
export const endpointsOf = (upstreams: Upstreams): Endpoints<RouteName> => ({
  ...loginEndpoints(upstreams),
  ...loginSessionEndpoints(upstreams),
  ...accountEndpoints(upstreams),
  ...tenantEndpoints(upstreams),
  ...userEndpoints(upstreams),
  ...roleEndpoints(upstreams),
  ...userGroupEndpoints(upstreams),
  ...accessGroupEndpoints(upstreams),
  ...requestEndpoints(upstreams),
  ...grantEndpoints(upstreams),
  ...deviceEndpoints(upstreams),
  ...credentialEndpoints(upstreams),
  ...strengthProfileEndpoints(upstreams),
  ...revealEndpoints(upstreams),
  ...custodyEndpoints(upstreams),
  ...keyRotationEndpoints(upstreams),
  ...rotationPolicyEndpoints(upstreams),
  ...templateEndpoints(upstreams),
  ...operationEndpoints(upstreams),
  ...sessionEndpoints(upstreams),
  ...recordingEndpoints(upstreams),
  ...auditEndpoints(upstreams),
  ...auditDestinationEndpoints(upstreams),
})
