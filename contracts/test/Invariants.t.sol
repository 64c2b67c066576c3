// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Vm} from "./Base.sol";
import {Handler} from "./Handler.sol";

/// @notice What holds after any sequence of steps, honest and forged (`Handler.sol`).
contract InvariantsTest {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    Handler private _handler;

    struct Selectors {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        _handler = new Handler();
        _handler.setUp();
    }

    /// @dev Forge asks for these two by name: play the handler's steps and nothing else.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function targetSelectors() public view returns (Selectors[] memory targets) {
        bytes4[14] memory steps = [
            Handler.grow.selector,
            Handler.grow.selector, // twice as often as the rest, or the logs stay empty
            Handler.disown.selector,
            Handler.addKey.selector,
            Handler.revokeKey.selector,
            Handler.compromise.selector,
            Handler.suspend.selector,
            Handler.reinstate.selector,
            Handler.propose.selector,
            Handler.approve.selector,
            Handler.withdraw.selector,
            Handler.anchorAsAnother.selector,
            Handler.fork.selector,
            Handler.shrink.selector
        ];
        targets = new Selectors[](1);
        targets[0] = Selectors(address(_handler), new bytes4[](15));
        for (uint256 i = 0; i < 14; ++i) {
            targets[0].selectors[i] = steps[i];
        }
        targets[0].selectors[14] = Handler.invent.selector;
    }

    /// @notice A log can never shrink or fork within an epoch, and nobody but the member's anchorer anchors.
    function invariant_LogsOnlyGrowByTheirAnchorers() public view {
        vm.assertEq(bytes(_handler.accepted()), "", "accepted");
        _handler.checkHeads();
    }

    /// @notice History is never overwritten.
    function invariant_HistoryIsNeverOverwritten() public view {
        _handler.checkHistory();
    }

    /// @notice Votes count each active member once.
    function invariant_VotesCountEachActiveMemberOnce() public view {
        _handler.checkVotes();
    }
}
