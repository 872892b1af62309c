/** Keeps a defect of one view from taking the frame with it. */
import { Component, type ReactNode } from 'react';
import { ErrorState } from '@/shared/ui';

export class Failure extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return <ErrorState title="This view has stopped working" error={this.state.error} onRetry={() => this.setState({ error: null })} />;
  }
}
