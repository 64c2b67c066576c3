// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ILicenseRegistry} from "../src/ILicenseRegistry.sol";
import {LicenseRegistry} from "../src/LicenseRegistry.sol";
import {Sha256} from "../src/Sha256.sol";
import {Base} from "./Base.sol";

/// @notice Founding, accounts and keys.
contract DirectoryTest is Base {
    bytes private constant P256 = hex"02aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    bytes private constant ED25519 = hex"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    // -------------------------------------------------------------------------------------------------- founding

    function test_FoundersAreMembers() public view {
        uint32[] memory codes = registry.members();
        vm.assertEq(codes.length, 4, "members");
        vm.assertEq(registry.activeMembers(), 4, "active");
        for (uint256 i = 0; i < 4; ++i) {
            vm.assertEq(codes[i], _founderCodes()[i], "in order");
            _checkFounder(codes[i]);
        }
    }

    function _checkFounder(uint32 code) private view {
        (
            bytes32 logId,
            address admin,
            address anchorer,
            address pending,
            bool active,
            uint64 admittedAt,
            uint64 lastSeq,
            string memory endpoint
        ) = registry.member(code);
        vm.assertEq(logId, _logId(code), "log id");
        vm.assertEq(admin, _admin(code), "admin");
        vm.assertEq(anchorer, _anchorer(code), "anchorer");
        vm.assertEq(pending, address(0), "nobody on offer");
        vm.assertTrue(active && admittedAt == block.number && lastSeq == 0, "as admitted");
        vm.assertEq(bytes(endpoint), "https://node.example", "endpoint");
    }

    function test_FoundingEmitsMemberAdmitted() public {
        vm.expectEmit();
        emit ILicenseRegistry.MemberAdmitted(BJ, _admin(BJ), _anchorer(BJ), _logId(BJ), "https://node.example");
        _deploy(1);
    }

    function test_NobodyFoundsNothing() public {
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryNoFounders.selector));
        _deploy(0);
    }

    function _foundTwo(ILicenseRegistry.Founder memory second) private {
        ILicenseRegistry.Founder[] memory founders = new ILicenseRegistry.Founder[](2);
        (founders[0], founders[1]) = (_founder(CQ), second);
        new LicenseRegistry(founders);
    }

    function testFuzz_OnlyProvinceCodes(uint32 code) public {
        ILicenseRegistry.Founder memory second = _founder(SC);
        second.member = code;
        bool province = code >= 110000 && code <= 820000 && code % 10000 == 0;
        if (!province) _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryWrongCode.selector, code));
        else vm.assume(code != CQ);
        _foundTwo(second);
    }

    function test_ProvinceCodesAtTheEnds() public {
        uint32[4] memory codes = [uint32(100000), 110000, 820000, 830000];
        for (uint256 i = 0; i < 4; ++i) {
            ILicenseRegistry.Founder memory second = _founder(SC);
            second.member = codes[i];
            if (i == 0 || i == 3) {
                _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryWrongCode.selector, codes[i]));
            }
            _foundTwo(second);
        }
    }

    function test_FoundersDiffer() public {
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryMemberExists.selector, CQ));
        _foundTwo(_founder(CQ));

        ILicenseRegistry.Founder memory second = _founder(SC);
        second.logId = _logId(CQ);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryLogIdUsed.selector, _logId(CQ), CQ));
        _foundTwo(second);

        second = _founder(SC);
        second.admin = _anchorer(CQ);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryAddressUsed.selector, _anchorer(CQ), CQ));
        _foundTwo(second);

        second = _founder(SC);
        second.anchorer = second.admin;
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryAddressUsed.selector, second.admin, SC));
        _foundTwo(second);
    }

    function test_FoundersAreComplete() public {
        ILicenseRegistry.Founder memory second = _founder(SC);
        second.logId = 0;
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryZeroLogId.selector, SC));
        _foundTwo(second);

        second = _founder(SC);
        second.admin = address(0);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryZeroAddress.selector, SC));
        _foundTwo(second);

        second = _founder(SC);
        second.anchorer = address(0);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryZeroAddress.selector, SC));
        _foundTwo(second);

        second = _founder(SC);
        second.endpoint = string(new bytes(256));
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryEndpointTooLong.selector, 256));
        _foundTwo(second);
    }

    // ------------------------------------------------------------------------------------- chains that hash otherwise

    function test_ChainWithAnotherSha256() public {
        bytes32 wrong = keccak256("abc");
        vm.mockCall(address(2), "abc", abi.encode(wrong));
        bytes32 want = 0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad;
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryWrongSha256.selector, wrong, want));
        _deploy(1);
    }

    /// @dev As on a chain without the precompile: the call succeeds and returns nothing.
    function test_ChainWithoutSha256() public {
        vm.mockCall(address(2), "abc", "");
        _refused(abi.encodeWithSelector(Sha256.Sha256Unavailable.selector));
        _deploy(1);
    }

    function test_ChainWhoseSha256Fails() public {
        vm.mockCallRevert(address(2), "abc", abi.encode(keccak256("abc")));
        _refused(abi.encodeWithSelector(Sha256.Sha256Unavailable.selector));
        _deploy(1);
    }

    /// @dev The hash of nodes has its own call; it looks at success and size as well.
    function test_NodesAreNeverHashedByNothing() public {
        bytes32[] memory proof = new bytes32[](1);
        vm.mockCall(address(2), hex"01", "");
        _refused(abi.encodeWithSelector(Sha256.Sha256Unavailable.selector));
        registry.verifyInclusion(0, 0, 2, 0, proof);
        vm.mockCall(address(2), hex"01", new bytes(33));
        _refused(abi.encodeWithSelector(Sha256.Sha256Unavailable.selector));
        registry.verifyInclusion(0, 0, 2, 0, proof);
        vm.mockCallRevert(address(2), hex"01", new bytes(32));
        _refused(abi.encodeWithSelector(Sha256.Sha256Unavailable.selector));
        registry.verifyInclusion(0, 0, 2, 0, proof);
    }

    // -------------------------------------------------------------------------------------------------- accounts

    function test_AdminChangesInTwoSteps() public {
        address next = _stranger(1);
        vm.expectEmit(address(registry));
        emit ILicenseRegistry.AdminOffered(CQ, next);
        vm.prank(_admin(CQ));
        registry.offerAdmin(CQ, next);
        (, address admin,, address pending,,,,) = registry.member(CQ);
        vm.assertEq(admin, _admin(CQ), "nothing changed yet");
        vm.assertEq(pending, next, "on offer");

        vm.expectEmit(address(registry));
        emit ILicenseRegistry.AdminChanged(CQ, _admin(CQ), next);
        vm.prank(next);
        registry.acceptAdmin(CQ);
        (, admin,, pending,,,,) = registry.member(CQ);
        vm.assertEq(admin, next, "changed");
        vm.assertEq(pending, address(0), "taken");
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryNotAdmin.selector, CQ, _admin(CQ)));
        vm.prank(_admin(CQ));
        registry.setEndpoint(CQ, "");
    }

    function test_OnlyTheLastOfferIsOpen() public {
        vm.prank(_admin(CQ));
        registry.offerAdmin(CQ, _stranger(1));
        vm.prank(_admin(CQ));
        registry.offerAdmin(CQ, _stranger(2));
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryNotOffered.selector, CQ, _stranger(1)));
        vm.prank(_stranger(1));
        registry.acceptAdmin(CQ);
    }

    function test_NobodyAcceptsWithoutAnOffer() public {
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryNotOffered.selector, CQ, address(this)));
        registry.acceptAdmin(CQ);
    }

    function test_AnchorerChangesAtOnce() public {
        vm.expectEmit(address(registry));
        emit ILicenseRegistry.AnchorerChanged(CQ, _anchorer(CQ), _stranger(1));
        vm.prank(_admin(CQ));
        registry.setAnchorer(CQ, _stranger(1));
        (,, address anchorer,,,,,) = registry.member(CQ);
        vm.assertEq(anchorer, _stranger(1), "anchorer");
    }

    /// @dev An address serves once: not in another role, not for another member, not again after it was replaced, and not
    /// even if it was only offered.
    function test_AddressesServeOnce() public {
        vm.prank(_admin(CQ));
        registry.offerAdmin(CQ, _stranger(1));
        vm.prank(_admin(CQ));
        registry.setAnchorer(CQ, _stranger(2));
        address[5] memory used = [_admin(CQ), _anchorer(CQ), _stranger(1), _stranger(2), _admin(SC)];
        for (uint256 i = 0; i < 5; ++i) {
            uint32 owner = i == 4 ? SC : CQ;
            _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryAddressUsed.selector, used[i], owner));
            vm.prank(_admin(CQ));
            registry.setAnchorer(CQ, used[i]);
            _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryAddressUsed.selector, used[i], owner));
            vm.prank(_admin(CQ));
            registry.offerAdmin(CQ, used[i]);
        }
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryZeroAddress.selector, CQ));
        vm.prank(_admin(CQ));
        registry.setAnchorer(CQ, address(0));
    }

    function test_EndpointChanges() public {
        string memory longest = string(new bytes(255));
        vm.expectEmit(address(registry));
        emit ILicenseRegistry.EndpointChanged(CQ, longest);
        vm.prank(_admin(CQ));
        registry.setEndpoint(CQ, longest);
        (,,,,,,, string memory endpoint) = registry.member(CQ);
        vm.assertEq(bytes(endpoint).length, 255, "endpoint");
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryEndpointTooLong.selector, 256));
        vm.prank(_admin(CQ));
        registry.setEndpoint(CQ, string(new bytes(256)));
    }

    /// @dev Nobody but the admin: not a stranger, not another member's admin, not the member's own anchorer.
    function testFuzz_OnlyTheAdminManages(address caller) public {
        vm.assume(caller != _admin(CQ));
        address[3] memory callers = [caller, _admin(SC), _anchorer(CQ)];
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory refusal = abi.encodeWithSelector(ILicenseRegistry.RegistryNotAdmin.selector, CQ, callers[i]);
            bytes[6] memory calls = [
                abi.encodeCall(registry.offerAdmin, (CQ, _stranger(9))),
                abi.encodeCall(registry.setAnchorer, (CQ, _stranger(9))),
                abi.encodeCall(registry.setEndpoint, (CQ, "")),
                abi.encodeCall(registry.addKey, (CQ, 1, P256)),
                abi.encodeCall(registry.revokeKey, (CQ, 0)),
                abi.encodeCall(registry.compromisedFrom, (CQ, 0, 0))
            ];
            for (uint256 j = 0; j < 6; ++j) {
                vm.prank(callers[i]);
                (bool ok, bytes memory why) = address(registry).call(calls[j]);
                vm.assertTrue(!ok && keccak256(why) == keccak256(refusal), "refused");
            }
        }
    }

    function test_NoSuchMember() public {
        bytes memory refusal = abi.encodeWithSelector(ILicenseRegistry.RegistryUnknownMember.selector, YN);
        _refused(refusal);
        registry.member(YN);
        _refused(refusal);
        registry.head(YN);
        _refused(refusal);
        registry.anchorDigest(YN, 1);
        _refused(refusal);
        registry.isDisowned(YN, 1);
        _refused(refusal);
        registry.setEndpoint(YN, "");
        _refused(refusal);
        registry.acceptAdmin(YN);
    }

    // ------------------------------------------------------------------------------------------------------ keys

    function _add(uint32 code, uint8 purpose, bytes memory publicKey) private returns (bytes32) {
        vm.prank(_admin(code));
        registry.addKey(code, purpose, publicKey);
        return sha256(publicKey);
    }

    function test_KeysAreAdded() public {
        vm.roll(77);
        vm.expectEmit(address(registry));
        emit ILicenseRegistry.KeyAdded(CQ, 1, sha256(P256), P256);
        bytes32 keyId = _add(CQ, 1, P256);
        (uint8 purpose, uint64 addedAt, uint64 revokedAt, uint64 cutOff, bytes memory publicKey) =
            registry.key(CQ, keyId);
        vm.assertTrue(purpose == 1 && addedAt == 77 && revokedAt == 0 && cutOff == NEVER, "as added");
        vm.assertEq(publicKey, P256, "the key");
        _add(CQ, 2, ED25519);
        _add(CQ, 3, bytes.concat(keccak256("another")));
    }

    function test_KeysAreAddedOnce() public {
        bytes32 keyId = _add(CQ, 2, ED25519);
        bytes memory refusal = abi.encodeWithSelector(ILicenseRegistry.RegistryKeyExists.selector, keyId, CQ);
        _refused(refusal);
        _add(CQ, 2, ED25519);
        _refused(refusal);
        _add(CQ, 3, ED25519);
        _refused(refusal);
        _add(SC, 2, ED25519);
        vm.prank(_admin(CQ));
        registry.revokeKey(CQ, keyId);
        _refused(refusal);
        _add(CQ, 2, ED25519);
    }

    function testFuzz_KeysHaveOneSpelling(uint8 purpose, uint8 length, bytes1 first) public {
        bytes memory publicKey = new bytes(length % 70);
        if (publicKey.length > 0) publicKey[0] = first;
        bool p256 = publicKey.length == 33 && (first == 0x02 || first == 0x03);
        if (purpose < 1 || purpose > 3) {
            _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryWrongPurpose.selector, purpose));
        } else if (purpose == 1 ? !p256 : publicKey.length != 32) {
            _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryWrongPublicKey.selector, purpose, publicKey));
        }
        _add(CQ, purpose, publicKey);
    }

    function test_KeySpellingsAtTheEdges() public {
        bytes memory uncompressed = P256;
        uncompressed[0] = 0x04;
        bytes[4] memory wrong = [uncompressed, ED25519, bytes.concat(P256, hex"00"), bytes("")];
        for (uint256 i = 0; i < 4; ++i) {
            _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryWrongPublicKey.selector, 1, wrong[i]));
            _add(CQ, 1, wrong[i]);
        }
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryWrongPublicKey.selector, 3, P256));
        _add(CQ, 3, P256);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryWrongPurpose.selector, 0));
        _add(CQ, 0, ED25519);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryWrongPurpose.selector, 4));
        _add(CQ, 4, ED25519);
    }

    function test_KeysAreRevokedOnce() public {
        bytes32 keyId = _add(CQ, 2, ED25519);
        vm.roll(99);
        vm.expectEmit(address(registry));
        emit ILicenseRegistry.KeyRevoked(CQ, keyId);
        vm.prank(_admin(CQ));
        registry.revokeKey(CQ, keyId);
        vm.roll(100);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryKeyRevoked.selector, keyId, 99));
        vm.prank(_admin(CQ));
        registry.revokeKey(CQ, keyId);
    }

    function test_CutOffIsOnlyLowered() public {
        bytes32 keyId = _add(CQ, 2, ED25519);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryCutOffNotLower.selector, keyId, NEVER, NEVER));
        _cutOff(keyId, NEVER);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistrySizeTooBig.selector, 2 ** 53, 2 ** 53 - 1));
        _cutOff(keyId, 2 ** 53);
        vm.expectEmit(address(registry));
        emit ILicenseRegistry.KeyCompromised(CQ, keyId, 50);
        _cutOff(keyId, 50);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryCutOffNotLower.selector, keyId, 50, 50));
        _cutOff(keyId, 50);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryCutOffNotLower.selector, keyId, 51, 50));
        _cutOff(keyId, 51);
        _cutOff(keyId, 0);
        (,,, uint64 cutOff,) = registry.key(CQ, keyId);
        vm.assertEq(cutOff, 0, "cut-off");
    }

    function _cutOff(bytes32 keyId, uint64 size) private {
        vm.prank(_admin(CQ));
        registry.compromisedFrom(CQ, keyId, size);
    }

    function test_KeysOfOthersAreUnknown() public {
        bytes32 keyId = _add(CQ, 2, ED25519);
        bytes4 selector = ILicenseRegistry.RegistryUnknownKey.selector;
        _refused(abi.encodeWithSelector(selector, SC, keyId));
        registry.key(SC, keyId);
        _refused(abi.encodeWithSelector(selector, SC, keyId));
        vm.prank(_admin(SC));
        registry.revokeKey(SC, keyId);
        _refused(abi.encodeWithSelector(selector, SC, keyId));
        vm.prank(_admin(SC));
        registry.compromisedFrom(SC, keyId, 1);
        _refused(abi.encodeWithSelector(selector, 0, bytes32(0)));
        registry.key(0, 0);
    }

    /// @dev Suspension takes the right to gain trust, not the right to give it up or to be repaired.
    function test_SuspendedMemberStillRevokes() public {
        bytes32 keyId = _add(CQ, 2, ED25519);
        _suspend(CQ);
        _refused(abi.encodeWithSelector(ILicenseRegistry.RegistryMemberSuspended.selector, CQ));
        _add(CQ, 1, P256);
        _cutOff(keyId, 5);
        vm.prank(_admin(CQ));
        registry.revokeKey(CQ, keyId);
        vm.prank(_admin(CQ));
        registry.setAnchorer(CQ, _stranger(1));
    }
}
