/** The mark: threads through a heddle. */
export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" aria-hidden>
      <path d="M6 3v18M18 3v18" strokeOpacity=".45" />
      <path d="M12 3v5.2M12 15.8V21" />
      <path d="M12 8.2c2.3 1.3 2.3 6.3 0 7.6c-2.3-1.3-2.3-6.3 0-7.6z" />
      <path d="M2.5 12h5.2M16.3 12h5.2M10.8 12h2.4" />
    </svg>
  );
}
