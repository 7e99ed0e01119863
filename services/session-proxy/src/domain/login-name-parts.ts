// Each part begins with a letter or digit, so that none can ever be taken for an option, and holds no character that
// a shell, a path, a format string or a terminal gives a meaning to.

const TENANT = /^[a-z0-9][a-z0-9-]{0,62}$/
const USER = /^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,127}$/u
const TARGET_USERNAME = /^[\p{L}\p{N}_][\p{L}\p{N}._@+$-]{0,127}$/u
const DOMAIN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,253}$/
const DEVICE = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,253}$/u
const IPV6 = /^[0-9A-Fa-f:.]{2,45}$/

export const isTenantName = (text: string): boolean => TENANT.test(text)

export const isUserName = (text: string): boolean => USER.test(text)

export const isTargetUsername = (text: string): boolean => TARGET_USERNAME.test(text)

export const isDomain = (text: string): boolean => DOMAIN.test(text)

/** A device's name, IPv4 address, or IPv6 address without brackets and zone. */
export const isDeviceName = (text: string): boolean =>
  text.includes(':') ? IPV6.test(text) && URL.canParse(`http://[${text}]/`) : DEVICE.test(text)
