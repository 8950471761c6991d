import { BlockList, isIPv4, isIPv6 } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether only programs on this machine reach the address. An IPv4 address may stand in its IPv6 form. */
export function isLoopback(ip: string): boolean {
  if (isIPv4(ip)) return loopback.check(ip, 'ipv4');
  return isIPv6(ip) && loopback.check(ip, 'ipv6');
}
