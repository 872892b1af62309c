/** What concerns every view: a lost connection, and a workspace that came from elsewhere. */
import { ShieldQuestion, Unplug } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useConnection, useTrust, useWorkspace } from '@/api';
import { Button, complain } from '@/shared/ui';

export function Banners() {
  return <><ConnectionBanner /><TrustBanner /></>;
}

function ConnectionBanner() {
  const lost = useConnection((state) => state.state === 'lost');
  const [shown, setShown] = useState(false);
  useEffect(() => {
    // A hiccup that mends itself at once is not worth a banner that moves the view.
    const timer = setTimeout(() => setShown(lost), lost ? 600 : 0);
    return () => clearTimeout(timer);
  }, [lost]);
  if (!shown) return null;
  return (
    <div className="banner s-retrying" role="alert" data-testid="connection-lost">
      <Unplug size={15} />
      <span className="grow">Connection lost, trying again. What you see may be out of date; runs go on in the engine.</span>
    </div>
  );
}

function TrustBanner() {
  const { data } = useWorkspace();
  const trust = useTrust();
  const [readOnly, setReadOnly] = useState(false);
  if (!data || data.trusted || readOnly) return null;
  return (
    <div className="banner s-retrying" role="alertdialog" aria-label="Trust this workspace?" data-testid="trust-banner">
      <ShieldQuestion size={15} />
      <span className="grow">
        <b className="semi">This workspace came with runs from elsewhere.</b>{' '}
        <span className="t2">Nothing resumes or starts until you trust it: its workflows run commands on this computer.</span>
      </span>
      <Button small onClick={() => setReadOnly(true)}>Keep read-only</Button>
      <Button small look="primary" busy={trust.isPending} onClick={() => trust.mutate(undefined, { onError: complain })}>Trust workspace</Button>
    </div>
  );
}
