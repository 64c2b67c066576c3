// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Action} from "../src/Action.sol";
import {ILicenseRegistry} from "../src/ILicenseRegistry.sol";
import {Base} from "./Base.sol";

/// @notice Proposing, approving, counting, and what each action does. Taking anchors back is in `Anchors.t.sol`.
contract VotesTest is Base {
    function _approvals(uint256 id) private view returns (uint256 approvals, uint256 eligible) {
        (,,,,,, approvals, eligible) = registry.proposal(id);
    }

    function _expectNotEnough(uint256 id, uint256 approvals, uint256 eligible) private {
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryNotEnoughApprovals.selector, id, approvals, eligible));
        registry.execute(id);
    }

    // ------------------------------------------------------------------------------------------------- proposing

    function test_ProposalIsOnRecord() public {
        vm.warp(1_000);
        bytes memory payload = _admission(YN);
        vm.expectEmit(address(registry));
        emit ILicenseRegistry.Proposed(1, Action.ADMIT, YN, CQ, payload, 1_000 + 14 days);
        vm.expectEmit(address(registry));
        emit ILicenseRegistry.Approved(1, CQ);
        uint256 id = _propose(CQ, Action.ADMIT, YN, payload);
        (uint8 action, uint32 target, uint32 proposer, uint64 expiresAt, bool executed, bytes memory stored,,) =
            registry.proposal(id);
        vm.assertTrue(id == 1 && registry.proposals() == 1, "numbered from 1");
        vm.assertTrue(action == Action.ADMIT && target == YN && proposer == CQ && !executed, "as proposed");
        vm.assertEq(expiresAt, 1_000 + 14 days, "expiry");
        vm.assertEq(stored, payload, "payload");
        vm.assertTrue(registry.hasApproved(id, CQ) && !registry.hasApproved(id, SC), "proposer approves");
    }

    function test_OnlyAnActiveMembersAdminProposes() public {
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryNotAdmin.selector, CQ, _admin(SC)));
        vm.prank(_admin(SC));
        registry.propose(CQ, Action.SUSPEND, BJ, "");
        _suspend(CQ);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryMemberSuspended.selector, CQ));
        _propose(CQ, Action.REINSTATE, CQ, "");
    }

    function test_TargetsMustFitTheAction() public {
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryUnknownMember.selector, YN));
        _propose(CQ, Action.SUSPEND, YN, "");
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryMemberExists.selector, SC));
        _propose(CQ, Action.ADMIT, SC, _admission(YN));
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryWrongCode.selector, 510001));
        _propose(CQ, Action.ADMIT, 510001, _admission(YN));
    }

    function testFuzz_UnknownActions(uint8 action) public {
        vm.assume(action < Action.ADMIT || action > Action.ADOPT);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryUnknownAction.selector, action));
        _propose(CQ, action, SC, "");
    }

    /// @dev A payload has one spelling: nothing after it, nothing where nothing belongs.
    function test_PayloadsHaveOneSpelling() public {
        ILicenseRegistry.Anchor memory from = ILicenseRegistry.Anchor(SC, 0, 1, 1, "root", "state");
        bytes[6] memory payloads = [
            bytes.concat(_admission(YN), bytes32(0)),
            bytes.concat(hex"00"),
            bytes.concat(hex"00"),
            abi.encode(_stranger(1), 0),
            abi.encode(uint64(1), 0),
            abi.encode(uint256(1), address(1), from, bytes32("digest"), 0)
        ];
        for (uint8 action = Action.ADMIT; action <= Action.ADOPT; ++action) {
            bytes memory payload = payloads[action - 1];
            _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryWrongPayload.selector, action, payload));
            _propose(CQ, action, action == Action.ADMIT ? YN : SC, payload);
        }
    }

    function test_BytesThatAreNoEncoding() public {
        for (uint8 action = Action.ADMIT; action <= Action.ADOPT; ++action) {
            if (action == Action.SUSPEND || action == Action.REINSTATE) continue;
            vm.expectRevert();
            _propose(CQ, action, action == Action.ADMIT ? YN : SC, "short");
        }
        vm.expectRevert();
        _propose(CQ, Action.DISOWN, SC, abi.encode(uint256(1) << 64));
    }

    // --------------------------------------------------------------------------------------- approving, withdrawing

    function test_EachApprovesOnce() public {
        uint256 id = _propose(CQ, Action.SUSPEND, BJ, "");
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryAlreadyApproved.selector, id, CQ));
        _approve(id, CQ);
        _approve(id, SC);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryAlreadyApproved.selector, id, SC));
        _approve(id, SC);
        (uint256 approvals, uint256 eligible) = _approvals(id);
        vm.assertTrue(approvals == 2 && eligible == 3, "counted once");
    }

    function test_OnlyTheVotersAdminVotes() public {
        uint256 id = _propose(CQ, Action.SUSPEND, BJ, "");
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryNotAdmin.selector, SC, _admin(CQ)));
        vm.prank(_admin(CQ));
        registry.approve(id, SC);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryNotAdmin.selector, CQ, _admin(SC)));
        vm.prank(_admin(SC));
        registry.withdraw(id, CQ);
    }

    function test_TargetNeitherVotesNorCounts() public {
        uint256 id = _propose(CQ, Action.SUSPEND, BJ, "");
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryTargetMayNotVote.selector, id, BJ));
        _approve(id, BJ);
        id = _propose(CQ, Action.REPLACE_ADMIN, CQ, abi.encode(_stranger(1)));
        vm.assertTrue(!registry.hasApproved(id, CQ), "its own proposal is no approval");
        (uint256 approvals, uint256 eligible) = _approvals(id);
        vm.assertTrue(approvals == 0 && eligible == 3, "nor is it counted");
    }

    function test_ApprovalsAreWithdrawn() public {
        uint256 id = _propose(CQ, Action.SUSPEND, BJ, "");
        _approve(id, SC);
        vm.expectEmit(address(registry));
        emit ILicenseRegistry.Withdrawn(id, CQ);
        vm.prank(_admin(CQ));
        registry.withdraw(id, CQ);
        _expectNotEnough(id, 1, 3);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryNotApproved.selector, id, CQ));
        vm.prank(_admin(CQ));
        registry.withdraw(id, CQ);
        _approve(id, CQ);
        registry.execute(id);
    }

    function test_NoSuchProposal() public {
        bytes memory refusal = abi.encodeWithSelector(ILicenseRegistry.RegistryUnknownProposal.selector, 7);
        _refused(refusal);
        _approve(7, CQ);
        _refused(refusal);
        vm.prank(_admin(CQ));
        registry.withdraw(7, CQ);
        _refused(refusal);
        registry.execute(7);
        _refused(refusal);
        registry.proposal(7);
        _refused(refusal);
        registry.hasApproved(7, CQ);
    }

    function test_ProposalsExpire() public {
        vm.warp(1_000);
        uint256 id = _propose(CQ, Action.SUSPEND, BJ, "");
        uint64 end = 1_000 + 14 days;
        vm.warp(end - 1);
        _approve(id, SC);
        vm.warp(end);
        bytes memory refusal = abi.encodeWithSelector(ILicenseRegistry.RegistryProposalExpired.selector, id, end);
        _refused(refusal);
        _approve(id, GD);
        _refused(refusal);
        vm.prank(_admin(CQ));
        registry.withdraw(id, CQ);
        _refused(refusal);
        registry.execute(id);
        vm.warp(end - 1);
        registry.execute(id);
    }

    function test_ProposalsAreExecutedOnce() public {
        uint256 id = _agree(CQ, Action.SUSPEND, BJ, "");
        registry.execute(id);
        bytes memory refusal = abi.encodeWithSelector(ILicenseRegistry.RegistryProposalExecuted.selector, id);
        _refused(refusal);
        registry.execute(id);
        _refused(refusal);
        vm.prank(_admin(CQ));
        registry.withdraw(id, CQ);
        (,,,, bool executed,,,) = registry.proposal(id);
        vm.assertTrue(executed, "on record");
    }

    // -------------------------------------------------------------------------------------------------- counting

    function test_HalfIsNotEnough() public {
        uint256 id = _propose(CQ, Action.ADMIT, YN, _admission(YN));
        _approve(id, SC);
        _expectNotEnough(id, 2, 4);
        _approve(id, GD);
        vm.expectEmit(address(registry));
        emit ILicenseRegistry.Executed(id, 3, 4);
        registry.execute(id);
    }

    function test_ApprovalOfASuspendedMemberDoesNotCount() public {
        uint256 id = _propose(CQ, Action.ADMIT, YN, _admission(YN));
        _approve(id, SC);
        _approve(id, GD);
        _suspend(CQ);
        (uint256 approvals, uint256 eligible) = _approvals(id);
        vm.assertTrue(approvals == 2 && eligible == 3, "CQ left both sides");
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryMemberSuspended.selector, CQ));
        _approve(id, CQ);
        vm.prank(_admin(CQ));
        registry.withdraw(id, CQ); // giving up is allowed
        registry.execute(_agree(BJ, Action.REINSTATE, CQ, ""));
        (approvals, eligible) = _approvals(id);
        vm.assertTrue(approvals == 2 && eligible == 4, "and came back without its vote");
    }

    function test_NewcomersCountWhenExecuted() public {
        uint256 id = _propose(CQ, Action.REPLACE_ADMIN, BJ, abi.encode(_stranger(1)));
        _approve(id, SC);
        registry.execute(_agree(CQ, Action.ADMIT, YN, _admission(YN)));
        _expectNotEnough(id, 2, 4);
        _approve(id, YN);
        registry.execute(id);
    }

    // ------------------------------------------------------------------------------------------ few members at first

    function test_OneFounderAdmitsTheSecondAlone() public {
        registry = _deploy(1);
        registry.execute(_propose(BJ, Action.ADMIT, YN, _admission(YN)));
        vm.assertEq(registry.activeMembers(), 2, "two");
        registry.execute(_agree(BJ, Action.ADMIT, CQ, _admission(CQ)));
        vm.assertEq(registry.activeMembers(), 3, "three");
    }

    function test_SecondMemberIsAskedAboutTheThird() public {
        registry = _deploy(2);
        uint256 id = _propose(BJ, Action.ADMIT, YN, _admission(YN));
        _expectNotEnough(id, 1, 2);
    }

    /// @dev The only active member can do nothing to itself: nobody is left to vote.
    function test_NobodyEligibleDecidesNothing() public {
        registry = _deploy(1);
        bytes[4] memory payloads = [bytes(""), "", abi.encode(_stranger(1)), abi.encode(uint64(1))];
        for (uint8 action = Action.SUSPEND; action <= Action.DISOWN; ++action) {
            _expectNotEnough(_propose(BJ, action, BJ, payloads[action - 2]), 0, 0);
        }
    }

    function test_SuspensionNeedsThree() public {
        registry = _deploy(2);
        uint256 id = _propose(BJ, Action.SUSPEND, GD, "");
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryTooFewMembers.selector, 2));
        registry.execute(id);
        registry = _deploy(3);
        registry.execute(_agree(BJ, Action.SUSPEND, GD, ""));
        id = _propose(BJ, Action.SUSPEND, CQ, "");
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryTooFewMembers.selector, 2));
        registry.execute(id);
    }

    // --------------------------------------------------------------------------------------------------- actions

    function test_Admission() public {
        uint256 id = _agree(CQ, Action.ADMIT, YN, _admission(YN));
        vm.roll(55);
        vm.expectEmit(address(registry));
        emit ILicenseRegistry.MemberAdmitted(YN, _admin(YN), _anchorer(YN), _logId(YN), "https://node.example");
        registry.execute(id);
        (,,,,, uint64 admittedAt,,) = registry.member(YN);
        vm.assertEq(admittedAt, 55, "block");
        vm.assertEq(registry.members()[4], YN, "listed last");
    }

    /// @dev What was free when proposed may be taken when executed.
    function test_AdmissionIsCheckedAgain() public {
        uint256 first = _agree(CQ, Action.ADMIT, YN, _admission(YN));
        uint256 second = _agree(CQ, Action.ADMIT, YN, _admission(YN));
        registry.execute(first);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryMemberExists.selector, YN));
        registry.execute(second);
        uint256 third = _agree(CQ, Action.ADMIT, 810000, _admission(YN));
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryLogIdUsed.selector, _logId(YN), YN));
        registry.execute(third);
    }

    function test_SuspensionAndReinstatement() public {
        uint256 id = _agree(CQ, Action.SUSPEND, BJ, "");
        uint256 again = _agree(CQ, Action.SUSPEND, BJ, "");
        vm.expectEmit(address(registry));
        emit ILicenseRegistry.MemberSuspended(BJ);
        registry.execute(id);
        vm.assertTrue(!_isActive(BJ) && registry.activeMembers() == 3, "suspended");
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryMemberSuspended.selector, BJ));
        registry.execute(again);

        id = _agree(CQ, Action.REINSTATE, BJ, "");
        again = _agree(CQ, Action.REINSTATE, BJ, "");
        vm.expectEmit(address(registry));
        emit ILicenseRegistry.MemberReinstated(BJ);
        registry.execute(id);
        vm.assertTrue(_isActive(BJ) && registry.activeMembers() == 4, "active");
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryMemberActive.selector, BJ));
        registry.execute(again);
    }

    /// @dev Whoever stole the old admin key loses with it what it had put on offer.
    function test_ReplacedAdminTakesItsOfferAlong() public {
        vm.prank(_admin(BJ));
        registry.offerAdmin(BJ, _stranger(1));
        uint256 id = _agree(CQ, Action.REPLACE_ADMIN, BJ, abi.encode(_stranger(2)));
        vm.expectEmit(address(registry));
        emit ILicenseRegistry.AdminChanged(BJ, _admin(BJ), _stranger(2));
        registry.execute(id);
        (, address admin,, address pending,,,,) = registry.member(BJ);
        vm.assertTrue(admin == _stranger(2) && pending == address(0), "replaced");
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryNotOffered.selector, BJ, _stranger(1)));
        vm.prank(_stranger(1));
        registry.acceptAdmin(BJ);
    }

    function test_ReplacementMustBeFresh() public {
        uint256 id = _agree(CQ, Action.REPLACE_ADMIN, BJ, abi.encode(_anchorer(CQ)));
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryAddressUsed.selector, _anchorer(CQ), CQ));
        registry.execute(id);
    }

    function test_EachActionHasItsExecutor() public {
        uint256 id = _agree(CQ, Action.DISOWN, BJ, abi.encode(uint64(1)));
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryWrongExecutor.selector, id, Action.DISOWN));
        registry.execute(id);
        id = _agree(CQ, Action.SUSPEND, BJ, "");
        ILicenseRegistry.Anchor memory none;
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryWrongExecutor.selector, id, Action.SUSPEND));
        registry.executeDisown(id, none, 0, none, 0);
    }

    // --------------------------------------------------------------------------------------------------- any vote

    /// @dev Whoever approves, withdraws and is suspended: the count is that of a set.
    function testFuzz_CountIsThatOfASet(uint8 approving, uint8 withdrawing, bool suspend) public {
        uint256 id = _propose(CQ, Action.ADMIT, YN, _admission(YN));
        uint256 want = 0;
        for (uint256 i = 0; i < 4; ++i) {
            uint32 code = _founderCodes()[i];
            bool approves = code == CQ || (approving >> i) & 1 == 1;
            if (approves && code != CQ) _approve(id, code);
            if (approves && (withdrawing >> i) & 1 == 1) {
                vm.prank(_admin(code));
                registry.withdraw(id, code);
                approves = false;
            }
            if (approves && !(suspend && code == SC)) ++want;
        }
        if (suspend) _suspend(SC);
        uint256 members = suspend ? 3 : 4;
        (uint256 approvals, uint256 eligible) = _approvals(id);
        vm.assertTrue(approvals == want && eligible == members, "count");
        if (want * 2 <= members) _expectNotEnough(id, want, members);
        else registry.execute(id);
    }
}
