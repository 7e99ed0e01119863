/** What a template may ask for. A tag knows whether its value is secret, so that nothing has to guess. */
export const tags = {
  USERNAME: { secret: false },
  NEW_PASSWORD: { secret: true },
  CURRENT_PASSWORD: { secret: true },
  AUTH_USER: { secret: false },
  AUTH_PASSWORD: { secret: true },
  IP: { secret: false },
  HOSTNAME: { secret: false },
  DOMAIN: { secret: false },
} as const satisfies Record<string, { secret: boolean }>

export type Tag = keyof typeof tags

export const isTag = (name: string): name is Tag => Object.hasOwn(tags, name)

export const isSecret = (tag: Tag): boolean => tags[tag].secret

/** The values of one attempt, as bytes. A tag without an entry does not exist for this attempt. */
export type TagValues = Readonly<Partial<Record<Tag, Uint8Array>>>
