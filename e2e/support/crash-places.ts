import type { ServiceName } from '@sallyport/identity/services'
import { faultPlaces } from './fault-places.ts'

const events = ['before publish', 'after publish', 'after handle']
const reply = (method: string): string => `before reply /sallyport.${method}`

/** The named places at which a crash of each service would hurt most. */
export const crashPlaces: Readonly<Record<ServiceName, readonly string[]>> = {
  gateway: [],
  'access-control': [
    ...events,
    reply('access_control.v1.GrantService/IssueGrant'),
    reply('access_control.v1.GrantService/IssueOperationGrant'),
    reply('access_control.v1.UserGroupService/CreateUserGroup'),
    reply('access_control.v1.AuthenticationService/Authenticate'),
  ],
  vault: [
    ...events,
    reply('vault.v1.SecretService/ReleaseSecret'),
    reply('vault.v1.RotationService/BeginRotation'),
    reply('vault.v1.RotationService/PromoteCandidate'),
    reply('vault.v1.DeviceService/CreateDevice'),
  ],
  execution: [
    ...events,
    ...faultPlaces,
    'before candidate-sealed',
    'before sending',
    'before new-verified',
    'before old-refused',
    reply('execution.v1.OperationService/RequestRotation'),
    reply('execution.v1.TemplateService/CreateTemplate'),
  ],
  'session-proxy': ['before publish', 'after publish', 'after session row', 'before session end'],
  audit: events,
}
