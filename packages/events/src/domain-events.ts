/** Where a domain event travels, and what orders it. */
export type DomainEvent = { readonly topic: string; readonly key: string; readonly title: string }

/** The domain events by message name in `sallyport.events.v1`; docs/events.md lists them. */
export const domainEvents = {
  GrantEnded: { topic: 'sallyport.access-control.v1', key: 'grant id', title: 'What was granted is over' },
  RequestEnded: {
    topic: 'sallyport.access-control.v1',
    key: 'request id',
    title: "An approved request's window is over",
  },
  TenantCreated: { topic: 'sallyport.access-control.v1', key: 'tenant id', title: 'A tenant was created' },
  TargetsChanged: {
    topic: 'sallyport.vault.v1',
    key: 'device or credential id',
    title: 'What criteria look at changed on a device or credential, or it is gone',
  },
  SecretRevealed: { topic: 'sallyport.vault.v1', key: 'credential id', title: 'A person saw a secret' },
  CustodyEnded: { topic: 'sallyport.vault.v1', key: 'credential id', title: 'Custody of a credential ended' },
  SessionEnded: {
    topic: 'sallyport.session-proxy.v1',
    key: 'session id',
    title: 'A privileged session ended',
  },
  RotationEnded: {
    topic: 'sallyport.execution.v1',
    key: 'credential id',
    title: "A change of an account's secret ended",
  },
} as const

export type DomainEventType = keyof typeof domainEvents
