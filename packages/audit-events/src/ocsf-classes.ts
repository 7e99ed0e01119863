import type { Actor, AuditEvent, Subject } from '@sallyport/contracts/events/v1/audit'
import { filled, type OcsfObject, resourceOf, userOf } from './ocsf-objects.ts'

type Render = (event: AuditEvent, actor: Actor, target: Subject) => OcsfObject

// The account that it is about: the target if that is one, or else whoever did it.
const account: Render = (_event, actor, target) => ({
  user:
    target.id || target.name
      ? userOf(target.kind, target.id, target.name)
      : userOf(actor.kind, actor.id, actor.name),
})

const authentication: Render = (event, actor, target) => ({
  ...(target.kind === 'user'
    ? account(event, actor, target)
    : { user: userOf(actor.kind, actor.id, actor.name) }),
  service: { name: 'Sallyport' },
  ...(actor.loginSessionId && { session: { uid: actor.loginSessionId } }),
})

const access: Render = (event, actor, target) =>
  filled({
    user:
      target.kind === 'user'
        ? userOf('user', target.id, target.name)
        : userOf(actor.kind, actor.id, actor.name),
    resources: target.kind === 'user' ? undefined : [resourceOf(target)],
    comment: event.details['comment'] ?? event.details['justification'],
  })

const ssh: Render = (event, _actor, target) => ({
  dst_endpoint: filled({
    uid: event.details['device_id'],
    ip: event.details['address'],
    name: target.name || (event.details['device_id'] ? '' : 'none'),
  }),
})

const byClass: Readonly<Record<number, Render>> = {
  3001: account,
  3002: authentication,
  3004: (_event, _actor, target) => ({ entity: resourceOf(target) }),
  3005: access,
  4007: ssh,
  6003: (event, _actor, target) => ({
    api: { operation: event.details['method'] ?? event.code, service: { name: event.service } },
    resources: [resourceOf(target)],
  }),
  6005: (_event, _actor, target) => ({ table: resourceOf(target), type_id: 99, type: 'Other' }),
}

/** The attributes that an event class asks for beyond the base event's. */
export const classFields = (classUid: number, event: AuditEvent, actor: Actor, target: Subject): OcsfObject =>
  byClass[classUid]?.(event, actor, target) ?? {}
