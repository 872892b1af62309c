/** What concerns every view: a lost connection, a journal that cannot be written, and a workspace that came from elsewhere. */
import { HardDrive, ShieldQuestion, Unplug } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useConnection, useTrust, useWorkspace } from '@/api';
import { Button, complain } from '@/shared/ui';

export function Banners() {
  return <><ConnectionBanner /><StalledBanner /><TrustBanner /></>;
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
      <span className="grow">Connection lost, trying again. What you see may be out of date.</span>
    </div>
  );
}

function StalledBanner() {
  const { data } = useWorkspace();
  if (!data?.stalled) return null;
  return (
    <div className="banner s-failed" role="alert" data-testid="stalled-banner">
      <HardDrive size={15} />
      <span className="grow">
        <b className="semi">{data.stalled}</b>{' '}
        <span className="t2">Nothing new begins. What is under way goes on, and so does everything else once there is room; nothing is lost.</span>
      </span>
    </div>
  );
}

function TrustBanner() {
  const { data } = useWorkspace();
  const trust = useTrust();
  const [later, setLater] = useState(false);
  if (!data || data.trusted || later) return null;
  return (
    <div className="banner s-retrying" role="alertdialog" aria-label="Trust this workspace?" data-testid="trust-banner">
      <ShieldQuestion size={15} />
      <span className="grow">
        <b className="semi">This workspace came with runs from elsewhere.</b>{' '}
        <span className="t2">They do not go on, and cannot be retried, until you trust it: they run commands on this computer.</span>
      </span>
      <Button small onClick={() => setLater(true)}>Leave them stopped</Button>
      <Button small look="primary" busy={trust.isPending} onClick={() => trust.mutate(undefined, { onError: complain })}>Trust workspace</Button>
    </div>
  );
}
