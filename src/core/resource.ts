/**
 * Resource indicators (RFC 8707). Clients and SDKs disagree about a trailing slash and compare as strings, so there is
 * one normal form, made here and nowhere else: lower-case scheme and host, no default port, no trailing slash, no query.
 */

/**
 * The normal form of a resource, or undefined when it cannot be one: not absolute, not https (http only on loopback),
 * with a fragment, a query, credentials, a dot at the end of its host, or dot segments that the parser would have to resolve.
 */
export function normalizeResource(text: string): string | undefined {
  if (text.length > 512 || !/^https?:\/\/[\x21-\x7e]+$/i.test(text) || /[\\#?@%]|\/\.{1,2}(\/|$)/.test(text)) return undefined;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  // A trailing dot names the same host by another spelling.
  if (url.hostname.endsWith('.')) return undefined;
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) return undefined;
  return (url.origin + url.pathname).replace(/\/+$/, '');
}

/** Whether a URL's host is this machine itself: `localhost`, 127.0.0.0/8 or `[::1]`. */
export const isLoopbackHost = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
