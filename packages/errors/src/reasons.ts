import type { ErrorCode } from './codes.ts'

type Row = { readonly code: ErrorCode; readonly title: string }

/**
 * Every reason for which Sallyport refuses or fails. Stable: clients match on them, and docs/errors.md lists them.
 * A title is a sentence that is safe to show to anybody.
 */
export const reasons = {
  // any service
  'request.invalid': { code: 'invalid_argument', title: 'The request is not valid' },
  'request.too_many': { code: 'resource_exhausted', title: 'Too many requests; try again later' },
  'request.canceled': { code: 'canceled', title: 'The caller went away' },
  'request.deadline': { code: 'deadline_exceeded', title: 'It took too long' },
  'cursor.invalid': { code: 'invalid_argument', title: 'The cursor is not one that this list gave' },
  'version.conflict': { code: 'version_conflict', title: 'Somebody else changed it since you read it' },
  'idempotency.conflict': {
    code: 'failed_precondition',
    title: 'The idempotency key was used with another request',
  },
  'idempotency.answer_not_kept': {
    code: 'failed_precondition',
    title: 'This was done already; its answer held a secret, which is shown once',
  },
  'service.busy': { code: 'unavailable', title: 'Sallyport is busy; try again in a moment' },
  'service.unavailable': { code: 'unavailable', title: 'A part of Sallyport cannot be reached; try again' },
  'audit.unavailable': {
    code: 'unavailable',
    title: 'What happens cannot be recorded, so it does not happen; try again',
  },
  internal: { code: 'internal', title: 'Internal error' },
  // identity
  'caller.unauthenticated': { code: 'unauthenticated', title: 'Sign in first' },
  'caller.token_invalid': { code: 'unauthenticated', title: 'The caller token is not valid' },
  'caller.not_allowed': { code: 'permission_denied', title: 'You may not do this' },
  'service.not_allowed': { code: 'permission_denied', title: 'This service may not call that' },
  'grant.invalid': { code: 'permission_denied', title: 'The grant is not valid for this' },
  // crypto
  'sealed_value.refused': {
    code: 'failed_precondition',
    title: 'A sealed value was changed, moved or sealed by another key; it is refused',
  },
  'root_key.unavailable': { code: 'unavailable', title: 'The root key cannot be used' },
  'root_key.in_use': { code: 'failed_precondition', title: 'The root key is in use' },
  'root_key.wrong': {
    code: 'unavailable',
    title: 'These are not the root keys under which the stored secrets were sealed',
  },
  'random.repeated': {
    code: 'unavailable',
    title: 'The random number generator repeats itself, so nothing is sealed',
  },
  // access-control
  'login.failed': { code: 'unauthenticated', title: 'The login failed' },
  'login.busy': { code: 'resource_exhausted', title: 'Too many logins at once; try again' },
  'login.person_needed': {
    code: 'permission_denied',
    title: 'An API token may not do this; sign in yourself',
  },
  'login_session.not_found': { code: 'not_found', title: 'There is no such login session' },
  'api_token.not_found': { code: 'not_found', title: 'There is no such API token' },
  'ssh_key.not_found': { code: 'not_found', title: 'There is no such SSH key' },
  'ssh_key.duplicate': { code: 'already_exists', title: 'You have registered this SSH key already' },
  'password.wrong': { code: 'permission_denied', title: 'The current password is wrong' },
  'password.refused': { code: 'invalid_argument', title: 'The new password is not good enough' },
  'tenant.not_found': { code: 'not_found', title: 'There is no such tenant' },
  'tenant.name_taken': { code: 'already_exists', title: 'A tenant has this name already' },
  'tenant.is_operator': { code: 'failed_precondition', title: 'The operator’s tenant cannot be disabled' },
  'user.not_found': { code: 'not_found', title: 'There is no such user' },
  'user.name_taken': { code: 'already_exists', title: 'A user has this name already' },
  'user.last_administrator': {
    code: 'failed_precondition',
    title: 'This is the last administrator; nobody could manage the tenant any more',
  },
  'role.not_found': { code: 'not_found', title: 'There is no such role' },
  'role.name_taken': { code: 'already_exists', title: 'A role has this name already' },
  'role.built_in': { code: 'failed_precondition', title: 'Built-in roles cannot be changed' },
  'role.in_use': { code: 'failed_precondition', title: 'A user has this role' },
  'role.escalation': {
    code: 'permission_denied',
    title: 'This would give or govern a permission that you do not have yourself',
  },
  'user_group.not_found': { code: 'not_found', title: 'There is no such user group' },
  'user_group.name_taken': { code: 'already_exists', title: 'A user group has this name already' },
  'access_group.not_found': { code: 'not_found', title: 'There is no such access group' },
  'access_group.self_grant': {
    code: 'permission_denied',
    title: 'Nobody gives access to themselves; somebody else must do it',
  },
  'access_group.name_taken': { code: 'already_exists', title: 'An access group has this name already' },
  'target.not_found': { code: 'not_found', title: 'There is no such target that you may use' },
  'access.denied': { code: 'permission_denied', title: 'An access group denies this' },
  'access.justification_required': {
    code: 'failed_precondition',
    title: 'Say why you need this: create a request with a justification',
  },
  'access.approval_required': {
    code: 'failed_precondition',
    title: 'This needs an approved request: create one, and have it approved',
  },
  'access.not_required': {
    code: 'failed_precondition',
    title: 'You may use this at once; no request is needed',
  },
  'access_request.not_found': { code: 'not_found', title: 'There is no such request' },
  'access_request.ended': { code: 'failed_precondition', title: 'The request is over' },
  'access_request.wrong_state': { code: 'failed_precondition', title: 'The request is in another state' },
  'access_request.self_approval': {
    code: 'permission_denied',
    title: 'Nobody decides on his own request',
  },
  'access_request.person_needed': {
    code: 'permission_denied',
    title: 'Only a person decides on a request, not an API token',
  },
  'access_request.not_approver': {
    code: 'permission_denied',
    title: 'You are not an approver of this request',
  },
  'access_request.already_voted': {
    code: 'failed_precondition',
    title: 'You have decided on this request already',
  },
  'justification.too_short': {
    code: 'invalid_argument',
    title: 'A justification has at least 10 characters besides spaces',
  },
  'window.invalid': { code: 'invalid_argument', title: 'The window is not valid' },
  'operation.not_granted': { code: 'permission_denied', title: 'The operation may not use this credential' },
  // vault
  'device.not_found': { code: 'not_found', title: 'There is no such device' },
  'device.name_taken': { code: 'already_exists', title: 'A device has this name already' },
  'device.in_use': { code: 'failed_precondition', title: 'A credential is valid on this device' },
  'device.no_host_key': {
    code: 'failed_precondition',
    title: 'No host key is pinned for this device, so nothing may connect to it',
  },
  'credential.not_found': { code: 'not_found', title: 'There is no such credential' },
  'credential.duplicate': {
    code: 'already_exists',
    title: 'A credential with this username and domain is valid on one of these devices already',
  },
  'credential.no_secret': { code: 'failed_precondition', title: 'The credential has no secret yet' },
  'credential.has_children': {
    code: 'failed_precondition',
    title: 'The credential is the parent of another one',
  },
  'strength_profile.not_found': { code: 'not_found', title: 'There is no such strength profile' },
  'strength_profile.name_taken': {
    code: 'already_exists',
    title: 'A strength profile has this name already',
  },
  'strength_profile.in_use': { code: 'failed_precondition', title: 'A credential uses the strength profile' },
  'grant.used': { code: 'permission_denied', title: 'The grant was used already' },
  'grant.revoked': { code: 'permission_denied', title: 'What was granted has ended' },
  'grant.unconfirmed': {
    code: 'unavailable',
    title: 'Whether the grant still holds cannot be confirmed; try again',
  },
  'reveal_ticket.refused': {
    code: 'permission_denied',
    title: 'The ticket was used, is too old, or is not yours',
  },
  'custody.held': { code: 'failed_precondition', title: 'Somebody else holds this credential' },
  'custody.not_found': { code: 'not_found', title: 'There is no such custody, or it has ended' },
  'rotation.unsupported': {
    code: 'failed_precondition',
    title: 'This kind of secret cannot be changed automatically yet',
  },
  'rotation.in_progress': {
    code: 'failed_precondition',
    title: 'The credential is being changed by an operation that has not ended',
  },
  'rotation.fenced': { code: 'failed_precondition', title: 'A newer attempt has taken over' },
  'rotation.not_found': { code: 'not_found', title: 'There is no such rotation' },
  'rotation.ended': { code: 'failed_precondition', title: 'The rotation ended differently' },
  'key_rotation.not_found': { code: 'not_found', title: 'There is no such key rotation' },
  'key_rotation.running': { code: 'failed_precondition', title: 'This key is being rotated already' },
  // session-proxy
  'session.not_found': { code: 'not_found', title: 'There is no such session' },
  'session.ended': { code: 'failed_precondition', title: 'The session has ended' },
  'session.elsewhere': {
    code: 'unavailable',
    title: 'The session is on a node that cannot be reached; it can be shown when it has ended',
  },
  'session.refused': { code: 'permission_denied', title: 'There can be no session' },
  'session.unconfirmed': {
    code: 'unavailable',
    title: 'Whether the access still holds cannot be confirmed, so there is no session',
  },
  'recorder.failed': { code: 'unavailable', title: 'The session cannot be recorded, so there is none' },
  'recording.not_found': { code: 'not_found', title: 'There is no such recording' },
  'recording.damaged': { code: 'failed_precondition', title: 'The recording was changed or is damaged' },
  'session_target.refused': { code: 'unavailable', title: 'The device refused the connection' },
  'session_target.forbidden': {
    code: 'failed_precondition',
    title: 'The address of the device is one that must not be connected to',
  },
  'session_target.unreachable': { code: 'unavailable', title: 'The device cannot be reached' },
  'session_target.timeout': { code: 'deadline_exceeded', title: 'The device did not answer in time' },
  'session_target.host_key_mismatch': {
    code: 'failed_precondition',
    title: 'The device did not prove one of its pinned host keys',
  },
  'session_target.sign_in_refused': {
    code: 'failed_precondition',
    title: 'The device did not accept the credential',
  },
  'session_target.protocol': { code: 'unavailable', title: 'The device broke off or did not speak SSH' },
  'session_target.channel_refused': {
    code: 'failed_precondition',
    title: 'The device refused to start the shell or command',
  },
  // gateway
  'object.not_found': { code: 'not_found', title: 'There is no such object' },
  'route.not_found': { code: 'not_found', title: 'There is nothing at this path' },
  'request.media_type': { code: 'invalid_argument', title: 'The content type must be application/json' },
  'request.too_large': { code: 'invalid_argument', title: 'The body is too large' },
  'request.version_required': {
    code: 'failed_precondition',
    title: 'This needs If-Match with the ETag of the object',
  },
  'request.origin': { code: 'permission_denied', title: 'The request came from another site' },
  // audit
  'audit_record.not_found': { code: 'not_found', title: 'There is no such audit record' },
  'audit_record.unsigned': {
    code: 'failed_precondition',
    title: 'No signed checkpoint covers this record yet; try again in ten seconds',
  },
  'audit_destination.not_found': { code: 'not_found', title: 'There is no such receiver of the audit trail' },
  'audit_destination.name_taken': {
    code: 'already_exists',
    title: 'A receiver of the audit trail has this name already',
  },
  'audit_destination.too_many': {
    code: 'failed_precondition',
    title: 'A tenant has at most 20 receivers of its audit trail; delete one first',
  },
  // execution
  'template.not_found': { code: 'not_found', title: 'There is no such template' },
  'template.name_taken': { code: 'already_exists', title: 'A template has this name already' },
  'template.in_use': { code: 'failed_precondition', title: 'A rotation policy uses the template' },
  'template.built_in': { code: 'failed_precondition', title: 'Built-in templates cannot be changed' },
  'template.invalid': { code: 'invalid_argument', title: 'The template cannot be read' },
  'rotation_policy.not_found': { code: 'not_found', title: 'The credential has no rotation policy' },
  'operation.not_found': { code: 'not_found', title: 'There is no such operation' },
  'operation.not_cancelable': {
    code: 'failed_precondition',
    title: 'Only an operation that waits, and has sent nothing to its target, can be canceled',
  },
  'operation.not_restartable': {
    code: 'failed_precondition',
    title: 'Only an operation that failed, or whose outcome is unknown, can be restarted',
  },
  'operation.another_open': {
    code: 'failed_precondition',
    title: 'Another operation for this credential has not ended',
  },
  'host_key.unreachable': { code: 'failed_precondition', title: 'The device showed no SSH host key' },
  'host_key.forbidden': {
    code: 'failed_precondition',
    title: 'The address of the device is one that must not be connected to',
  },
} as const satisfies Record<string, Row>

export type Reason = keyof typeof reasons

export const isReason = (text: string): text is Reason => Object.hasOwn(reasons, text)
