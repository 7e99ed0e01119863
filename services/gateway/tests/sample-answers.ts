import {
  AccessGroup,
  AccessRequest,
  Action,
  Decision,
  Grant,
  Outcome,
  RequestState,
  TargetSummary,
} from '@sallyport/contracts/access_control/v1/access'
import { ApiToken, LoginChannel, LoginSession } from '@sallyport/contracts/access_control/v1/authentication'
import { Role, SshKey, Tenant, User, UserGroup } from '@sallyport/contracts/access_control/v1/directory'
import { Checkpoint, Record as AuditRecord } from '@sallyport/contracts/audit/v1/audit'
import { Destination, DestinationFormat } from '@sallyport/contracts/audit/v1/forwarding'
import {
  Attempt,
  Operation,
  OperationState,
  RotationPolicy,
  Template,
  Trigger,
} from '@sallyport/contracts/execution/v1/execution'
import { Session, SessionState } from '@sallyport/contracts/session_proxy/v1/sessions'
import {
  Credential,
  Criticality,
  Device,
  SecretKind,
  SecretVersion,
  StrengthProfile,
  VersionState,
} from '@sallyport/contracts/vault/v1/inventory'
import { Custody, KeyRotation, KeyRotationState, KeyScope } from '@sallyport/contracts/vault/v1/secrets'
import type { Answers } from './fake-client.ts'
import { someId as id } from './sample-bodies.ts'

const at = new Date('2026-11-21T10:00:00.000Z')
const page = { nextCursor: 'next' }
const version = 3

const target = TargetSummary.fromPartial({
  credentialId: id,
  deviceId: id,
  username: 'root',
  deviceName: 'web-1',
})
const rule = { allowed: true, justification: true, approvals: 1, maxWindowSeconds: 3_600 }
const user = User.fromPartial({ id, userName: 'alice', version, createdAt: at })
const role = Role.fromPartial({ id, name: 'helpdesk', permissions: ['user.read'], version, createdAt: at })
const userGroup = UserGroup.fromPartial({ id, name: 'admins', userIds: [id], version, createdAt: at })
const tenant = Tenant.fromPartial({ id, name: 'acme', version, createdAt: at })
const decision = Decision.fromPartial({
  outcome: Outcome.APPROVAL_REQUIRED,
  rule,
  reasons: [
    { accessGroupId: id, accessGroupName: 'web admins', imposed: 'approvals', text: 'needs 1 approval' },
  ],
  requestId: id,
  requestState: RequestState.PENDING,
})
const accessGroup = AccessGroup.fromPartial({
  id,
  definition: { name: 'web admins', criteria: { deviceName: 'web-*' }, session: rule },
  version,
})
const request = AccessRequest.fromPartial({
  id,
  target,
  action: Action.SESSION,
  state: RequestState.PENDING,
  approvals: [{ approverId: id, approverName: 'bob', approved: true, decidedAt: at }],
  version,
})
const grant = Grant.fromPartial({ id, target, action: Action.ROTATE, issuedAt: at })
const device = Device.fromPartial({
  id,
  name: 'web-1',
  connectivities: [{ protocol: 'ssh', port: 22 }],
  hostKeys: [{ port: 22, publicKey: Buffer.from('key'), algorithm: 'ssh-ed25519', pinnedAt: at }],
  version,
})
const credential = Credential.fromPartial({
  id,
  username: 'root',
  secretKind: SecretKind.PASSWORD,
  criticality: Criticality.HIGH,
  version,
})
const strengthProfile = StrengthProfile.fromPartial({ id, name: 'strong', rules: { length: 24 }, version })
const custody = Custody.fromPartial({ id, credentialId: id, since: at })
const keyRotation = KeyRotation.fromPartial({
  id,
  scope: KeyScope.TENANT,
  state: KeyRotationState.RUNNING,
  total: 7n,
})
const rotationPolicy = RotationPolicy.fromPartial({ credentialId: id, deviceId: id, templateId: id, version })
const template = Template.fromPartial({
  id,
  name: 'passwd',
  executor: 'ssh',
  source: 'exec "passwd"',
  version,
})
const operation = Operation.fromPartial({
  id,
  state: OperationState.UNKNOWN,
  trigger: Trigger.SESSION,
  credentialId: id,
  version,
})
const session = Session.fromPartial({ id, state: SessionState.LIVE, startedAt: at, recordedBytes: 5n })
const destination = Destination.fromPartial({
  id,
  settings: { name: 'SIEM', host: 'siem.example', port: 6514, format: DestinationFormat.CEF },
  position: 7n,
  head: 12n,
  version,
})
const record = AuditRecord.fromPartial({ sequence: 12n, code: 'secret.revealed', details: { a: 'b' } })
const signedIn = {
  sessionToken: 'sps_fresh',
  sessionId: id,
  expiresAt: at,
  tenantId: id,
  userId: id,
  userName: 'alice',
}

async function* streamOf<T>(...messages: T[]): AsyncGenerator<T> {
  yield* messages
}

const always =
  <T>(message: T): (() => T) =>
  () =>
    message

/** A full answer of every RPC that a route calls. */
export const sampleAnswers: Answers = {
  'AuthenticationService/BeginLogin': always({
    step: { step: { $case: 'totp', value: { challenge: 'c' } } },
  }),
  'AuthenticationService/ContinueLogin': always({ step: { step: { $case: 'signedIn', value: signedIn } } }),
  'AuthenticationService/LogOut': always({}),
  'AuthenticationService/ListLoginSessions': always({
    sessions: [LoginSession.fromPartial({ id, channel: LoginChannel.SSH })],
    page,
  }),
  'AuthenticationService/EndLoginSession': always({}),
  'AuthenticationService/CreateApiToken': always({
    apiToken: ApiToken.fromPartial({ id }),
    token: 'spt_fresh',
  }),
  'AuthenticationService/ListApiTokens': always({ apiTokens: [ApiToken.fromPartial({ id })], page }),
  'AuthenticationService/RevokeApiToken': always({}),
  'AuthenticationService/RotateSigningKeys': always({ callerTokenKeyId: 'a', grantKeyId: 'b' }),
  'TenantService/CreateTenant': always({
    tenant,
    administrator: user,
    initialPassword: Buffer.from('initial'),
  }),
  'TenantService/GetTenant': always({ tenant }),
  'TenantService/ListTenants': always({ tenants: [tenant], page }),
  'TenantService/UpdateTenant': always({ tenant }),
  'UserService/CreateUser': () => ({ user, initialPassword: Buffer.from('initial') }),
  'UserService/GetUser': always({ user }),
  'UserService/ListUsers': always({ users: [user], page }),
  'UserService/UpdateUser': always({ user }),
  'UserService/DeleteUser': always({}),
  'UserService/ResetPassword': () => ({ initialPassword: Buffer.from('initial') }),
  'UserService/ResetTotp': always({}),
  'UserService/UnlockUser': always({}),
  'UserService/ChangePassword': always({}),
  'UserService/AddSshKey': always({ sshKey: SshKey.fromPartial({ id }) }),
  'UserService/ListSshKeys': always({ sshKeys: [SshKey.fromPartial({ id })] }),
  'UserService/RemoveSshKey': always({}),
  'RoleService/ListPermissions': always({ permissions: [{ id: 'user.read', description: 'See users' }] }),
  'RoleService/CreateRole': always({ role }),
  'RoleService/GetRole': always({ role }),
  'RoleService/ListRoles': always({ roles: [role], page }),
  'RoleService/UpdateRole': always({ role }),
  'RoleService/DeleteRole': always({}),
  'UserGroupService/CreateUserGroup': always({ userGroup }),
  'UserGroupService/GetUserGroup': always({ userGroup }),
  'UserGroupService/ListUserGroups': always({ userGroups: [userGroup], page }),
  'UserGroupService/UpdateUserGroup': always({ userGroup }),
  'UserGroupService/DeleteUserGroup': always({}),
  'AccessGroupService/CreateAccessGroup': always({ accessGroup }),
  'AccessGroupService/GetAccessGroup': always({ accessGroup }),
  'AccessGroupService/ListAccessGroups': always({ accessGroups: [accessGroup], page }),
  'AccessGroupService/UpdateAccessGroup': always({ accessGroup }),
  'AccessGroupService/DeleteAccessGroup': always({}),
  'AccessGroupService/PreviewAccessGroup': always({
    userNames: ['alice'],
    targets: [target],
    userCount: 1,
    targetCount: 1,
    warnings: [],
  }),
  'AccessGroupService/ExplainAccess': always({ decision }),
  'RequestService/CreateRequest': always({ request }),
  'RequestService/GetRequest': always({ request }),
  'RequestService/ListRequests': always({ requests: [request], page }),
  'RequestService/ApproveRequest': always({ request }),
  'RequestService/DisapproveRequest': always({ request }),
  'RequestService/CancelRequest': always({ request }),
  'RequestService/RevokeRequest': always({ request }),
  'GrantService/ListUsableTargets': always({
    targets: [{ target, view: decision, session: decision }],
    page,
  }),
  'GrantService/IssueGrant': always({ statement: 'signed', grant }),
  'GrantService/ListGrants': always({ grants: [grant], page }),
  'DeviceService/CreateDevice': always({ device }),
  'DeviceService/GetDevice': always({ device }),
  'DeviceService/ListDevices': always({ devices: [device], page }),
  'DeviceService/UpdateDevice': always({ device }),
  'DeviceService/DeleteDevice': always({}),
  'DeviceService/PinHostKeys': always({ device }),
  'CredentialService/CreateCredential': always({ credential }),
  'CredentialService/GetCredential': always({ credential }),
  'CredentialService/ListCredentials': always({ credentials: [credential], page }),
  'CredentialService/UpdateCredential': always({ credential }),
  'CredentialService/DeleteCredential': always({}),
  'CredentialService/SetSecret': always({ credential }),
  'CredentialService/ListVersions': always({
    versions: [SecretVersion.fromPartial({ number: 1, state: VersionState.CURRENT })],
    page,
  }),
  'StrengthProfileService/CreateStrengthProfile': always({ strengthProfile }),
  'StrengthProfileService/GetStrengthProfile': always({ strengthProfile }),
  'StrengthProfileService/ListStrengthProfiles': always({ strengthProfiles: [strengthProfile], page }),
  'StrengthProfileService/UpdateStrengthProfile': always({ strengthProfile }),
  'StrengthProfileService/DeleteStrengthProfile': always({}),
  'SecretService/CreateRevealTicket': always({ ticket: 't', expiresAt: at, showSeconds: 30, custodyId: '' }),
  'SecretService/RedeemRevealTicket': () => ({
    kind: SecretKind.PASSWORD,
    secret: Buffer.from('s3cret'),
    versionNumber: 1,
  }),
  'CustodyService/ListCustodies': always({ custodies: [custody], page }),
  'CustodyService/CheckIn': always({ custody }),
  'CustodyService/ForceCheckIn': always({ custody }),
  'KeyService/StartKeyRotation': always({ keyRotation }),
  'KeyService/GetKeyRotation': always({ keyRotation }),
  'KeyService/ListKeyRotations': always({ keyRotations: [keyRotation], page }),
  'TemplateService/CreateTemplate': always({ template }),
  'TemplateService/GetTemplate': always({ template }),
  'TemplateService/ListTemplates': always({ templates: [template], page }),
  'TemplateService/UpdateTemplate': always({ template }),
  'TemplateService/DeleteTemplate': always({}),
  'RotationPolicyService/PutRotationPolicy': always({ rotationPolicy }),
  'RotationPolicyService/GetRotationPolicy': always({ rotationPolicy }),
  'RotationPolicyService/DeleteRotationPolicy': always({}),
  'OperationService/RequestRotation': always({ operation }),
  'OperationService/GetOperation': always({ operation }),
  'OperationService/ListOperations': always({ operations: [operation], page }),
  'OperationService/CancelOperation': always({ operation }),
  'OperationService/RestartOperation': always({ operation }),
  'OperationService/ListAttempts': always({ attempts: [Attempt.fromPartial({ id, number: 1 })], page }),
  'HostKeyService/ScanHostKeys': always({
    hostKeys: [{ publicKey: Buffer.from('k'), algorithm: 'a', fingerprint: 'f', pinned: true }],
  }),
  'SessionService/ListSessions': always({ sessions: [session], page }),
  'SessionService/GetSession': always({ session }),
  'SessionService/TerminateSession': always({}),
  'SessionService/WatchSession': () => streamOf({ line: '{"version":3}' }, { line: '[0.1,"o","hi"]' }),
  'SessionService/DownloadRecording': () => streamOf({ chunk: Buffer.from('{"version":3}\n') }),
  'SessionService/VerifyRecording': always({ intact: true, segments: 2, problem: '', complete: true }),
  'AuditService/QueryRecords': always({ records: [record], page }),
  'AuditService/GetRecord': always({ record }),
  'AuditService/ProveRecord': always({
    tenantId: 't',
    sequence: 1n,
    body: Buffer.from('{}'),
    path: [Buffer.alloc(32)],
    checkpoint: Checkpoint.fromPartial({ sequence: 1n }),
    publicKey: 'PEM',
  }),
  'AuditService/ListCheckpoints': always({ checkpoints: [Checkpoint.fromPartial({ sequence: 1n })], page }),
  'ForwardingService/CreateDestination': always({ destination }),
  'ForwardingService/GetDestination': always({ destination }),
  'ForwardingService/ListDestinations': always({ destinations: [destination], page }),
  'ForwardingService/UpdateDestination': always({ destination }),
  'ForwardingService/DeleteDestination': always({}),
  'ForwardingService/ReplayDestination': always({ destination }),
  'AuditService/VerifyChain': always({
    intact: true,
    records: 12n,
    checkpoints: 1n,
    badSequence: 0n,
    problem: '',
  }),
}
