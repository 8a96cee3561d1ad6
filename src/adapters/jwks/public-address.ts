/** Which addresses a key set may be fetched from: those of the public internet, and no others (CVE-2026-1180). */
import { BlockList, isIP } from 'node:net';

/** IPv4 addresses that are not globally reachable (IANA special-purpose registry, RFC 6890), multicast and reserved ones. */
const NOT_PUBLIC_V4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24],
  ['192.88.99.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
];

/** Within the global unicast block, those that lead elsewhere: protocol assignments with Teredo, documentation, 6to4. */
const NOT_PUBLIC_V6: readonly (readonly [string, number])[] = [['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20]];

const refusedAddresses = new BlockList();
for (const [net, prefix] of NOT_PUBLIC_V4) refusedAddresses.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of NOT_PUBLIC_V6) refusedAddresses.addSubnet(net, prefix, 'ipv6');

const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');

/** Whether an IP address, in any spelling, is one of the public internet. What is no address is not. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4: return !refusedAddresses.check(address, 'ipv4');
    // Loopback, private, link-local, IPv4-mapped and NAT64 addresses all lie outside 2000::/3.
    case 6: return globalUnicast.check(address, 'ipv6') && !refusedAddresses.check(address, 'ipv6');
    default: return false;
  }
}
